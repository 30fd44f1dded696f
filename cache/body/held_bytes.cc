// SPDX-License-Identifier: Apache-2.0
#include "cache/body/held_bytes.h"

namespace larder {

void HeldBytes::Release::operator()(const std::string* bytes) const noexcept {
  auto& account = output ? accounts->output : accounts->pending;
  account.fetch_sub(charged, std::memory_order_relaxed);
  delete bytes;
}

Chunk HeldBytes::hold(std::string bytes, bool output) const {
  const auto charged = bytes.size() + kPieceBytes;
  auto& account = output ? accounts_->output : accounts_->pending;
  account.fetch_add(charged, std::memory_order_relaxed);
  return {new std::string(std::move(bytes)),
          Release{.accounts = accounts_, .charged = charged, .output = output}};
}

HeldBytes::OutputCharge HeldBytes::charge_output(std::uint64_t bytes) const {
  accounts_->output.fetch_add(bytes, std::memory_order_relaxed);
  return {accounts_, bytes};
}

HeldBytes::OutputCharge& HeldBytes::OutputCharge::operator=(OutputCharge&& other) noexcept {
  end();
  accounts_ = std::move(other.accounts_);
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

void HeldBytes::OutputCharge::end() {
  if (bytes_ > 0) accounts_->output.fetch_sub(bytes_, std::memory_order_relaxed);
  bytes_ = 0;
  accounts_.reset();
}

void HeldBytes::pass_to_output(const Chunk& chunk) {
  auto* release = std::get_deleter<Release>(chunk);
  if (release == nullptr || release->output) return;
  release->output = true;
  release->accounts->output.fetch_add(release->charged, std::memory_order_relaxed);
  release->accounts->pending.fetch_sub(release->charged, std::memory_order_relaxed);
}

bool HeldBytes::pending_has_room(std::uint64_t bytes) const {
  const auto waiting = output();
  const auto excess = waiting > max_output() ? waiting - max_output() : 0;
  return pending() + bytes + kPieceBytes + excess <= max_pending_.load(std::memory_order_relaxed);
}

}  // namespace larder
