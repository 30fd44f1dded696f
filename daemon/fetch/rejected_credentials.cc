// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/rejected_credentials.h"

#include <string>
#include <utility>

namespace larder {

std::vector<Chunk> RejectedCredentials::copy_of(const std::vector<Chunk>& body) {
  std::string whole;
  for (const Chunk& piece : body) {
    if (whole.size() + piece->size() > kMaxHeldBytes) return {};
    whole += *piece;
  }
  return {std::make_shared<const std::string>(std::move(whole))};
}

void RejectedCredentials::reject(const ScopeMac& credential, std::shared_ptr<const AnswerHead> head,
                                 std::vector<Chunk> body, MonotonicTime now) {
  put(credential, Held{.head = std::move(head),
                       .body = std::move(body),
                       .until = {now.ms + hold_ms_},
                       .believed = true,
                       .key = {},
                       .asked = {}});
}

bool RejectedCredentials::doubt(const ScopeMac& credential, const CacheKey& key,
                                std::shared_ptr<const AnswerHead> head, std::vector<Chunk> body,
                                MonotonicTime now) {
  const auto found = held_.find(credential.bytes);
  const bool asks = found == held_.end() || now.ms - found->second.asked.ms >= kAskMs;
  put(credential, Held{.head = std::move(head),
                       .body = std::move(body),
                       .until = {now.ms + hold_ms_},
                       .believed = false,
                       .key = key,
                       .asked = asks ? now : found->second.asked});
  return asks;
}

void RejectedCredentials::put(const ScopeMac& credential, Held held) {
  believed_ += held.believed ? 1 : 0;
  const auto [place, fresh] = held_.try_emplace(credential.bytes);
  if (fresh) {
    order_.push_back(credential.bytes);
  } else {
    believed_ -= place->second.believed ? 1 : 0;
  }
  place->second = std::move(held);
  while (order_.size() > kMaxRejectedCredentials) {
    forget(order_.front());
    order_.pop_front();
  }
}

void RejectedCredentials::forget(const std::array<std::uint8_t, 32>& credential) {
  const auto found = held_.find(credential);
  if (found == held_.end()) return;
  believed_ -= found->second.believed ? 1 : 0;
  held_.erase(found);
}

bool RejectedCredentials::accept(const ScopeMac& credential) {
  const auto found = held_.find(credential.bytes);
  if (found == held_.end()) return false;
  const bool was_believed = found->second.believed;
  forget(credential.bytes);
  std::erase(order_, credential.bytes);
  return was_believed;
}

bool RejectedCredentials::believes(const ScopeMac& credential) const {
  const auto found = held_.find(credential.bytes);
  return found != held_.end() && found->second.believed;
}

bool RejectedCredentials::doubts_by_other(const ScopeMac& credential, const CacheKey& key) const {
  const auto found = held_.find(credential.bytes);
  return found != held_.end() && !found->second.believed && found->second.key != key;
}

const RejectedCredentials::Held* RejectedCredentials::held(const ScopeMac& credential,
                                                           const CacheKey& key,
                                                           MonotonicTime now) const {
  const auto found = held_.find(credential.bytes);
  if (found == held_.end()) return nullptr;
  const Held& held = found->second;
  const bool meant = held.believed || held.key == key;
  return meant && held.until > now && !held.body.empty() ? &held : nullptr;
}

}  // namespace larder
