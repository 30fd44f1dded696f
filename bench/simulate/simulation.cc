// SPDX-License-Identifier: Apache-2.0
#include "bench/simulate/simulation.h"

#include <algorithm>
#include <limits>

#include "cache/store/ledger.h"
#include "conf/base/check.h"

namespace larder::bench {
namespace {

double part_of(std::uint64_t some, std::uint64_t all) {
  return all == 0 ? 0 : static_cast<double>(some) / static_cast<double>(all);
}

void add(Tally& tally, std::uint64_t size, bool missed) {
  ++tally.requests;
  tally.bytes += size;
  tally.misses += missed ? 1 : 0;
  tally.missed_bytes += missed ? size : 0;
}

/// The policy's unit is 32 bits wide.
std::uint32_t told_cost(std::uint64_t cost) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(cost, std::numeric_limits<std::uint32_t>::max()));
}

std::uint64_t restart_request(const Trace& trace, const Mishaps& mishaps) {
  if (!mishaps.restart) return std::numeric_limits<std::uint64_t>::max();
  return static_cast<std::uint64_t>(*mishaps.restart * static_cast<double>(trace.requests));
}

}  // namespace

double Tally::miss_ratio() const {
  return part_of(misses, requests);
}

double Tally::byte_miss_ratio() const {
  return part_of(missed_bytes, bytes);
}

Simulation::Simulation(const Trace& trace, const PolicyChoice& choice, const Future* future,
                       const Budget& budget, const Mishaps& mishaps)
    : trace_(trace),
      choice_(choice),
      future_(future),
      budget_(budget),
      mishaps_(mishaps),
      policy_(choice.make(future, event_)),
      slot_of_key_(trace.keys(), kNone),
      restart_at_(restart_request(trace, mishaps)) {}

bool Simulation::run(std::uint64_t events) {
  const std::uint64_t end = event_ + std::min(events, trace_.events.size() - event_);
  for (; event_ < end; ++event_) {
    take(trace_.events[event_]);
    LARDER_CHECK(charged_ <= budget_.capacity);
  }
  return event_ < trace_.events.size();
}

void Simulation::take(const TraceEvent& event) {
  if (mishaps_.restart) save_states(event.time_s);
  if (event.size != TraceEvent::kPurge) {
    if (result_.all.requests == restart_at_) restart();
    return request(event);
  }
  const std::uint32_t slot = slot_of_key_[event.key];
  if (slot != kNone) remove(slot);
}

void Simulation::request(const TraceEvent& event) {
  const bool missed = !hit(event);
  count(event, missed);
  if (missed) miss(event);
}

bool Simulation::hit(const TraceEvent& event) {
  const std::uint32_t slot = slot_of_key_[event.key];
  if (slot == kNone || objects_[slot].size != event.size) return false;
  const bool lost = mishaps_.drop_hits > 0 && random_.next_unit() < mishaps_.drop_hits;
  if (!lost) policy_->on_hit(slot, tick());
  return true;
}

void Simulation::miss(const TraceEvent& event) {
  if (slot_of_key_[event.key] != kNone) remove(slot_of_key_[event.key]);
  const bool storable = event.size <= budget_.largest_body;
  const std::uint64_t cost = storable ? budget_.cost(event.size) : 0;
  if (!storable || cost > budget_.capacity) {
    ++result_.too_large;
    return;
  }
  // Between the marks too, what is stored makes others leave sooner or later.
  const auto low =
      static_cast<std::uint64_t>(static_cast<double>(budget_.capacity) * budget_.low_water);
  const std::uint64_t above = charged_ + cost - std::min(charged_ + cost, low);
  const auto newcomer =
      policy_->on_miss(trace_.key_hashes[event.key], told_cost(cost), std::min(above, cost));
  if (!newcomer.admitted) {
    ++result_.not_admitted;
    return;
  }
  make_room(cost);
  store(event, cost, newcomer.state);
}

void Simulation::make_room(std::uint64_t cost) {
  if (charged_ + cost <= budget_.capacity) return;
  const double low = static_cast<double>(budget_.capacity) * budget_.low_water;
  const std::uint64_t enough = std::max(static_cast<std::uint64_t>(low), cost);
  while (charged_ + cost > enough) {
    const auto victim = policy_->victim();
    LARDER_CHECK(victim && objects_[*victim].key != kNone);
    remove(*victim);
    ++result_.evictions;
  }
}

void Simulation::store(const TraceEvent& event, std::uint64_t cost, const EvictionState& state) {
  const std::uint32_t slot = take_slot();
  policy_->on_store(slot, trace_.key_hashes[event.key], told_cost(cost), state, tick());
  objects_[slot] = {event.key, event.size, cost, event_, {}};
  if (mishaps_.restart) objects_[slot].saved = policy_->state(slot);
  slot_of_key_[event.key] = slot;
  charged_ += cost;
  ++result_.stores;
  result_.most_charged = std::max(result_.most_charged, charged_);
  result_.most_objects =
      std::max<std::uint64_t>(result_.most_objects, objects_.size() - free_.size());
}

void Simulation::remove(std::uint32_t slot) {
  Object& object = objects_[slot];
  policy_->on_remove(slot, trace_.key_hashes[object.key]);
  charged_ -= object.cost;
  slot_of_key_[object.key] = kNone;
  object = {};
  free_.push_back(slot);
}

std::uint32_t Simulation::take_slot() {
  if (free_.empty()) {
    objects_.emplace_back();
    return static_cast<std::uint32_t>(objects_.size() - 1);
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  return slot;
}

void Simulation::count(const TraceEvent& event, bool missed) {
  const std::uint64_t request = result_.all.requests;
  add(result_.all, event.size, missed);
  if (request < restart_at_) return;
  const bool soon = request - restart_at_ < trace_.requests / 100;
  add(soon ? result_.after_restart : result_.later, event.size, missed);
}

/// As the daemon does it: when an object is stored, and every minute for some.
void Simulation::save_states(std::uint32_t time_s) {
  if (time_s < save_at_s_) return;
  save_at_s_ = time_s + static_cast<std::uint32_t>(kBetweenSaves.count());
  if (saved_up_to_ >= objects_.size()) saved_up_to_ = 0;
  const std::uint64_t end =
      std::min<std::uint64_t>(std::uint64_t{saved_up_to_} + kSlotsSavedAtOnce, objects_.size());
  for (std::uint64_t slot = saved_up_to_; slot < end; ++slot) {
    if (objects_[slot].key == kNone) continue;
    objects_[slot].saved = policy_->state(static_cast<std::uint32_t>(slot));
  }
  saved_up_to_ = static_cast<std::uint32_t>(end);
}

/// A crash, that is: what the last minute changed in the states is lost, and all that the policy
/// keeps of what is not stored.
void Simulation::restart() {
  if (choice_.clairvoyant || mishaps_.only_measure_restart) return;
  const double floor = policy_->floor();
  policy_ = choice_.make(future_, event_);
  std::vector<std::uint32_t> slots;
  for (std::uint32_t slot = 0; slot < objects_.size(); ++slot) {
    if (objects_[slot].key != kNone) slots.push_back(slot);
  }
  std::sort(slots.begin(), slots.end(), [this](std::uint32_t a, std::uint32_t b) {
    return objects_[a].stored_at < objects_[b].stored_at;
  });
  for (const std::uint32_t slot : slots) {
    const Object& object = objects_[slot];
    policy_->on_store(slot, trace_.key_hashes[object.key], told_cost(object.cost), object.saved,
                      tick());
  }
  policy_->on_restored(floor);
}

SimulationResult Simulation::result() const {
  SimulationResult result = result_;
  // Of bytes alone the size of the file that would hold them is not known yet, but nearly so.
  const auto size = budget_.cache_size != 0 ? budget_.cache_size : budget_.capacity;
  result.objects_at_end = objects_.size() - free_.size();
  for (const Object& object : objects_) {
    if (object.key != kNone) result.store_cost_at_end += store_cost(object.size, size);
  }
  return result;
}

}  // namespace larder::bench
