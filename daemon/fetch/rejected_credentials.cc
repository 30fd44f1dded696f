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
  const auto [place, fresh] = held_.insert_or_assign(
      credential.bytes, Held{std::move(head), std::move(body), MonotonicTime{now.ms + hold_ms_}});
  if (fresh) order_.push_back(credential.bytes);
  while (order_.size() > kMaxRejectedCredentials) {
    held_.erase(order_.front());
    order_.pop_front();
  }
}

bool RejectedCredentials::accept(const ScopeMac& credential) {
  if (held_.empty() || held_.erase(credential.bytes) == 0) return false;
  std::erase(order_, credential.bytes);
  return true;
}

const RejectedCredentials::Held* RejectedCredentials::held(const ScopeMac& credential,
                                                           MonotonicTime now) const {
  const auto found = held_.find(credential.bytes);
  const bool holds = found != held_.end() && found->second.until > now;
  return holds && !found->second.body.empty() ? &found->second : nullptr;
}

}  // namespace larder
