// SPDX-License-Identifier: Apache-2.0
#include "cache/store/ledger.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "cache/store/charge.h"
#include "conf/base/check.h"

namespace larder {
namespace {

constexpr std::uint64_t kLeastMeasuredPages = 256;
/// Slots looked at for an expired object before the policy is asked.
constexpr std::uint32_t kExpiryLook = 32;

}  // namespace

std::uint64_t key_hash(const CacheKey& key) {
  std::uint64_t parts[5];
  std::memcpy(parts, key.bytes.data(), sizeof parts);
  // The second half of the URL's hash, with scope and variant folded in: all are hashes already.
  return parts[3] ^ (parts[0] * 0x9E3779B97F4A7C15u) ^ (parts[4] * 0xC2B2AE3D27D4EB4Fu);
}

std::uint32_t expiry_seconds(std::int64_t until_ms) {
  const std::int64_t seconds = until_ms / 1'000 + 1;
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(seconds, 1, std::numeric_limits<std::uint32_t>::max()));
}

Ledger::Ledger(EvictionPolicy& policy, std::uint64_t page_bytes)
    : policy_(policy), page_bytes_(page_bytes), filling_(kUsualFilling) {}

std::uint32_t Ledger::take_slot() {
  if (free_.empty()) {
    slots_.emplace_back();
    return slots() - 1;
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  return slot;
}

void Ledger::enter(std::uint32_t slot, const IndexRecord& record) {
  slots_[slot] = {record.expires_s, record.eviction.frequency};
  ++objects_;
  small_bytes_ += record.small_bytes;
  overflow_pages_ += record.overflow_pages;
  policy_.on_store(slot, key_hash(record.key), cost(record), record.eviction, now_);
}

void Ledger::leave(std::uint32_t slot, const IndexRecord& record) {
  LARDER_CHECK(holds(slot));
  slots_[slot] = {};
  --objects_;
  small_bytes_ -= record.small_bytes;
  overflow_pages_ -= record.overflow_pages;
  policy_.on_remove(slot, key_hash(record.key));
}

EvictionState Ledger::stored(std::uint32_t slot, const IndexRecord& record) {
  LARDER_CHECK(slot < slots_.size() && !holds(slot));
  enter(slot, record);
  steps_.push_back({true, slot, record});
  const EvictionState state = policy_.state(slot);
  slots_[slot].saved_frequency = state.frequency;
  return state;
}

void Ledger::removed(std::uint32_t slot, const IndexRecord& record) {
  IndexRecord last = record;
  last.eviction = policy_.state(slot);
  leave(slot, record);
  free_.push_back(slot);
  steps_.push_back({false, slot, last});
}

void Ledger::commit() {
  steps_.clear();
}

// Backwards, each step undone exactly, so that the free list ends as it was. Of the policy only
// what orders equals suffers: what comes back was touched last.
void Ledger::rollback() {
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    if (step->stored) {
      leave(step->slot, step->record);
      free_.push_back(step->slot);
    } else {
      LARDER_CHECK(!free_.empty() && free_.back() == step->slot);
      free_.pop_back();
      enter(step->slot, step->record);
    }
  }
  steps_.clear();
}

void Ledger::clear() {
  policy_.on_clear();
  slots_.clear();
  free_.clear();
  steps_.clear();
  objects_ = small_bytes_ = overflow_pages_ = 0;
  hand_ = 0;
  filling_ = kUsualFilling;
}

void Ledger::restore(std::uint32_t slot, const IndexRecord& record) {
  if (slot >= slots_.size()) slots_.resize(std::size_t{slot} + 1);
  slots_[slot] = {record.expires_s, record.eviction.frequency};
  ++objects_;
  small_bytes_ += record.small_bytes;
  overflow_pages_ += record.overflow_pages;
  sequence_ = std::max(sequence_, record.sequence + 1);
  restored_.push_back({record.sequence, key_hash(record.key), record.eviction, slot, cost(record)});
}

void Ledger::settle_restored(EvictionTick now) {
  std::sort(restored_.begin(), restored_.end(),
            [](const Restored& a, const Restored& b) { return a.sequence < b.sequence; });
  for (const Restored& one : restored_) {
    policy_.on_store(one.slot, one.key_hash, one.cost, one.state, now);
  }
  std::vector<Restored>().swap(restored_);
  for (std::uint32_t slot = 0; slot < slots(); ++slot) {
    if (!holds(slot)) free_.push_back(slot);
  }
}

std::optional<std::uint32_t> Ledger::victim(std::uint32_t now_s) {
  const std::uint32_t looks = std::min(kExpiryLook, slots());
  for (std::uint32_t i = 0; i < looks; ++i) {
    if (hand_ >= slots()) hand_ = 0;
    const std::uint32_t slot = hand_++;
    if (holds(slot) && slots_[slot].expires_s <= now_s) return slot;
  }
  return policy_.victim();
}

EvictionPolicy::Newcomer Ledger::missed(const IndexRecord& record, bool full) {
  const std::uint32_t needed = cost(record);
  return policy_.on_miss(key_hash(record.key), needed, full ? needed : 0);
}

std::uint32_t Ledger::cost(const IndexRecord& record) const {
  return ObjectCharge{record.small_bytes, record.overflow_pages}.bytes(page_bytes_, filling_);
}

void Ledger::learn_filling(std::uint64_t shared_pages) {
  if (shared_pages < kLeastMeasuredPages || small_bytes_ == 0) return;
  const double measured =
      static_cast<double>(shared_pages * page_bytes_) / static_cast<double>(small_bytes_);
  filling_ = std::clamp(measured, 1.0, 4.0);
}

std::vector<std::uint32_t> Ledger::unsaved_frequencies(std::uint32_t from, std::uint32_t count) {
  std::vector<std::uint32_t> changed;
  const std::uint64_t end = std::min<std::uint64_t>(std::uint64_t{from} + count, slots_.size());
  for (std::uint32_t slot = from; slot < end; ++slot) {
    if (!holds(slot)) continue;
    const std::uint32_t now = policy_.state(slot).frequency;
    if (now == slots_[slot].saved_frequency) continue;
    slots_[slot].saved_frequency = now;
    changed.push_back(slot);
  }
  return changed;
}

}  // namespace larder
