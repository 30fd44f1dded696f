// SPDX-License-Identifier: Apache-2.0
#include "cache/store/leases.h"

namespace larder {

ReaderLease& ReaderLease::operator=(ReaderLease&& other) noexcept {
  if (this == &other) return *this;
  end();
  table_ = std::exchange(other.table_, nullptr);
  sequence_ = other.sequence_;
  return *this;
}

void ReaderLease::end() noexcept {
  if (LeaseTable* table = std::exchange(table_, nullptr)) table->give_back(sequence_);
}

LeaseTable::Taken LeaseTable::take(std::uint64_t sequence, std::uint64_t snapshot,
                                   ReaderLease& lease) {
  lease.end();
  const std::lock_guard lock(mutex_);
  if (all_going_ || snapshot < removed_at_ || going_.contains(sequence)) return Taken::outdated;
  const auto found = leases_.find(sequence);
  if (found != leases_.end()) {
    ++found->second;
  } else if (leases_.size() >= kMaxObjects) {
    return Taken::full;
  } else {
    leases_.emplace(sequence, 1);
  }
  lease = ReaderLease(*this, sequence);
  return Taken::yes;
}

void LeaseTable::give_back(std::uint64_t sequence) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = leases_.find(sequence);
  if (found != leases_.end() && --found->second == 0) leases_.erase(found);
}

bool LeaseTable::leased(std::uint64_t sequence) const {
  const std::lock_guard lock(mutex_);
  return leases_.contains(sequence);
}

bool LeaseTable::begin_removal(std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  if (leases_.contains(sequence)) return false;
  going_.insert(sequence);
  return true;
}

bool LeaseTable::begin_removal_of_all(bool by_force) {
  const std::lock_guard lock(mutex_);
  if (!leases_.empty() && !by_force) return false;
  all_going_ = true;
  return true;
}

void LeaseTable::removed(std::uint64_t transaction) {
  const std::lock_guard lock(mutex_);
  going_.clear();
  all_going_ = false;
  removed_at_ = transaction;
}

void LeaseTable::rolled_back() {
  const std::lock_guard lock(mutex_);
  going_.clear();
  all_going_ = false;
}

void LeaseTable::begin_anew() {
  const std::lock_guard lock(mutex_);
  going_.clear();
  all_going_ = false;
  removed_at_ = 0;
}

}  // namespace larder
