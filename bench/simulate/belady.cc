// SPDX-License-Identifier: Apache-2.0
#include "bench/simulate/belady.h"

#include <algorithm>
#include <bit>
#include <map>
#include <set>

namespace larder::bench {
namespace {

/// Sizes of one class differ by an eighth at most.
std::uint32_t class_of(std::uint32_t cost) {
  const std::uint32_t size = std::max(cost, 1u);
  const auto width = static_cast<unsigned>(std::bit_width(size));
  const std::uint32_t eighth = (width > 4 ? size >> (width - 4) : size << (4 - width)) & 7;
  return width * 8 + eighth;
}

class Belady final : public EvictionPolicy {
 public:
  Belady(const Future& future, const std::uint64_t& event) : future_(future), event_(event) {}

  Newcomer on_miss(std::uint64_t, std::uint32_t cost, std::uint64_t must_leave) override {
    const std::uint64_t next = future_.next_use(event_);
    if (next == Future::kNever) return {{}, false};
    return {{}, is_worth(patience(cost, next), must_leave)};
  }
  void on_store(std::uint32_t slot, std::uint64_t, std::uint32_t cost, const EvictionState&,
                EvictionTick) override {
    if (slot >= objects_.size()) objects_.resize(std::size_t{slot} + 1);
    objects_[slot] = {cost, future_.next_use(event_)};
    insert(slot);
  }
  void on_hit(std::uint32_t slot, EvictionTick) noexcept override {
    erase(slot);
    objects_[slot].next = future_.next_use(event_);
    insert(slot);
  }
  void on_remove(std::uint32_t slot, std::uint64_t) override { erase(slot); }
  void on_clear() override { classes_.clear(); }
  std::optional<std::uint32_t> victim() override {
    const auto last = furthest();
    if (!last) return std::nullopt;
    return last->slot;
  }
  EvictionState state(std::uint32_t) const override { return {}; }

 private:
  struct Object {
    std::uint32_t cost;
    std::uint64_t next;
  };
  struct Furthest {
    std::uint32_t slot;
    double patience;
  };

  /// How many bytes wait for how many events.
  double patience(std::uint32_t cost, std::uint64_t next) const {
    return static_cast<double>(cost) * static_cast<double>(next - std::min(next, event_));
  }
  std::optional<Furthest> furthest() const {
    std::optional<Furthest> best;
    for (const auto& [number, members] : classes_) {
      const auto& [next, slot] = *members.rbegin();
      const double waits = patience(objects_[slot].cost, next);
      if (!best || waits > best->patience) best = {slot, waits};
    }
    return best;
  }
  /// Is a newcomer that waits so long better than all who would have to leave for it?
  bool is_worth(double waits, std::uint64_t must_leave) {
    bool worth = true;
    std::vector<std::uint32_t> looked_at;
    for (std::uint64_t left = 0; worth && left < must_leave;) {
      const auto last = furthest();
      if (!last) break;
      worth = last->patience > waits;
      if (!worth) break;
      left += objects_[last->slot].cost;
      looked_at.push_back(last->slot);
      erase(last->slot);
    }
    for (const std::uint32_t slot : looked_at) insert(slot);
    return worth;
  }
  void insert(std::uint32_t slot) {
    classes_[class_of(objects_[slot].cost)].emplace(objects_[slot].next, slot);
  }
  void erase(std::uint32_t slot) {
    const auto members = classes_.find(class_of(objects_[slot].cost));
    members->second.erase({objects_[slot].next, slot});
    if (members->second.empty()) classes_.erase(members);
  }

  const Future& future_;
  const std::uint64_t& event_;
  std::vector<Object> objects_;
  std::map<std::uint32_t, std::set<std::pair<std::uint64_t, std::uint32_t>>> classes_;
};

}  // namespace

Future::Future(const Trace& trace) : next_(trace.events.size(), kNever) {
  std::vector<std::uint64_t> coming(trace.keys(), kNever);
  for (std::uint64_t event = trace.events.size(); event-- > 0;) {
    const TraceEvent& now = trace.events[event];
    const std::uint64_t next = coming[now.key];
    if (next != kNever && trace.events[next].size == now.size) next_[event] = next;
    coming[now.key] = now.size == TraceEvent::kPurge ? kNever : event;
  }
}

std::unique_ptr<EvictionPolicy> make_belady(const Future& future, const std::uint64_t& event) {
  return std::make_unique<Belady>(future, event);
}

}  // namespace larder::bench
