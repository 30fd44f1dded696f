// SPDX-License-Identifier: Apache-2.0
#include "cache/eviction/gdsf.h"

#include <algorithm>
#include <cmath>

#include "conf/base/check.h"

namespace larder {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

constexpr double kSizeExponent = 1.4;
constexpr std::size_t kColumnsPerObject = 5;
/// The average cost forgets what lies further back than about this many newcomers.
constexpr std::uint32_t kCostWindow = 100'000;
/// Objects compared with a newcomer at most; it may be larger than all of them together.
constexpr std::size_t kMostLookedAt = 256;

constexpr std::uint32_t kQuarterOfTicks = 1u << 30;

/// Of one use. Never 0.
float worth_of(std::uint32_t cost) {
  return static_cast<float>(std::pow(static_cast<double>(std::max(cost, 1u)), -kSizeExponent));
}

std::uint64_t cost_of(float worth) {
  return static_cast<std::uint64_t>(std::llround(std::pow(worth, -1 / kSizeExponent)));
}

/// Misses between two halvings of the memory. Where the memory grows with the objects, collisions
/// set the pace; with few objects it is wider than they need, and may remember more for each.
std::uint64_t ageing_misses(std::uint64_t objects) {
  constexpr std::uint64_t kFew = 5'000;
  constexpr std::uint64_t kMany = 20'000;
  return std::max(20 * objects, std::clamp(80 * objects, kFew, kMany));
}

double lead_of(std::uint32_t frequency, float worth) {
  return frequency * static_cast<double>(worth);
}

bool was_saved(const EvictionState& state) {
  return state.frequency > 0 && std::isfinite(state.priority) && state.priority >= 0;
}

}  // namespace

EvictionPolicy::Newcomer Gdsf::on_miss(std::uint64_t key_hash, std::uint32_t cost,
                                       std::uint64_t must_leave) {
  const std::uint32_t frequency = memory_.estimate(key_hash) + 1;
  memory_.raise(key_hash, frequency);
  age();
  learn_cost(cost);
  Newcomer newcomer{{frequency, EvictionState::kJustUsed}, true};
  if (must_leave == 0) return newcomer;
  const bool filtered = options_.write_filter && frequency == 1 && cost > average_cost_;
  const double priority = floor_.load(kRelaxed) + lead_of(frequency, worth_of(cost));
  newcomer.admitted = !filtered && is_worth(priority, must_leave);
  return newcomer;
}

/// Takes those who leave first out of the heap, and puts them back.
bool Gdsf::is_worth(double priority, std::uint64_t must_leave) {
  bool worth = true;
  std::uint64_t left = 0;
  looked_at_.clear();
  while (left < must_leave && looked_at_.size() < kMostLookedAt) {
    const auto first = lowest();
    if (!first) break;
    worth = priority >= first->priority;
    if (!worth) break;
    left += cost_of(records_.at(first->slot).worth.load(kRelaxed));
    looked_at_.push_back(first->slot);
    heap_.remove(first->slot);
  }
  for (const std::uint32_t slot : looked_at_) heap_.add(slot);
  return worth;
}

void Gdsf::on_store(std::uint32_t slot, std::uint64_t, std::uint32_t cost,
                    const EvictionState& state, EvictionTick now) {
  keep_ticks_comparable(now);
  UseRecord& record = records_.make(slot);
  LARDER_CHECK(record.worth.load(kRelaxed) == 0);
  const std::uint32_t frequency = std::max(state.frequency, 1u);
  const float worth = worth_of(cost);
  double floor = floor_.load(kRelaxed);
  double priority = floor + lead_of(frequency, worth);
  if (was_saved(state)) {
    // The floor lies below all priorities, also below those of another life; see lowest() for
    // those that come back too low.
    priority = state.priority;
    floor = heap_.size() == 0 ? priority : std::min(floor, priority);
    floor_.store(floor, kRelaxed);
  }
  record.priority.store(priority, kRelaxed);
  record.frequency.store(frequency, kRelaxed);
  record.touched.store(now, kRelaxed);
  record.worth.store(worth, kRelaxed);
  heap_.add(slot);
  const std::size_t columns = kColumnsPerObject * heap_.size();
  if (columns > memory_.columns()) memory_.widen(columns + columns / 64);
}

void Gdsf::on_hit(std::uint32_t slot, EvictionTick now) noexcept {
  UseRecord* const record = records_.find(slot);
  if (record == nullptr) return;
  const float worth = record->worth.load(kRelaxed);
  if (worth == 0) return;
  const std::uint32_t frequency = record->frequency.load(kRelaxed) + 1;
  record->frequency.store(frequency, kRelaxed);
  const double priority = floor_.load(kRelaxed) + lead_of(frequency, worth);
  if (priority > record->priority.load(kRelaxed)) record->priority.store(priority, kRelaxed);
  record->touched.store(now, kRelaxed);
}

void Gdsf::on_remove(std::uint32_t slot, std::uint64_t key_hash) {
  heap_.remove(slot);
  UseRecord& record = records_.at(slot);
  record.worth.store(0, kRelaxed);
  memory_.raise(key_hash, record.frequency.load(kRelaxed));
}

void Gdsf::on_clear() {
  for (std::size_t i = 0; i < heap_.size(); ++i) {
    records_.at(heap_.slot_at(i)).worth.store(0, kRelaxed);
  }
  heap_.clear();
}

std::optional<std::uint32_t> Gdsf::victim() {
  const auto first = lowest();
  if (!first) return std::nullopt;
  if (first->priority > floor_.load(kRelaxed)) floor_.store(first->priority, kRelaxed);
  return first->slot;
}

/// One below the floor has been used since its state was saved, or it would have left before the
/// restart: that use counts from now.
std::optional<VictimHeap::Lowest> Gdsf::lowest() {
  const double floor = floor_.load(kRelaxed);
  while (true) {
    const auto first = heap_.lowest();
    if (!first || first->priority >= floor) return first;
    UseRecord& record = records_.at(first->slot);
    record.priority.store(
        floor + lead_of(record.frequency.load(kRelaxed), record.worth.load(kRelaxed)), kRelaxed);
  }
}

void Gdsf::on_restored(double floor) {
  if (std::isfinite(floor) && floor > floor_.load(kRelaxed)) floor_.store(floor, kRelaxed);
}

std::uint32_t Gdsf::uses(std::uint32_t slot) const noexcept {
  const UseRecord* const record = records_.find(slot);
  if (record == nullptr || record->worth.load(kRelaxed) == 0) return 0;
  return record->frequency.load(kRelaxed);
}

EvictionState Gdsf::state(std::uint32_t slot) const {
  const UseRecord& record = records_.at(slot);
  return {record.frequency.load(kRelaxed),
          std::max(record.priority.load(kRelaxed), floor_.load(kRelaxed))};
}

void Gdsf::learn_cost(std::uint32_t cost) {
  costs_seen_ = std::min(costs_seen_ + 1, kCostWindow);
  average_cost_ += (cost - average_cost_) / costs_seen_;
}

void Gdsf::age() {
  if (++misses_ < ageing_misses(heap_.size())) return;
  misses_ = 0;
  memory_.halve();
}

void Gdsf::keep_ticks_comparable(EvictionTick now) {
  if (now - ticks_checked_ < kQuarterOfTicks / 2) return;
  ticks_checked_ = now;
  heap_.forget_ticks_before(now - kQuarterOfTicks);
}

}  // namespace larder
