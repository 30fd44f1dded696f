// SPDX-License-Identifier: Apache-2.0
#include "bench/simulate/reference_policies.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <vector>

namespace larder::bench {
namespace {

constexpr std::uint32_t kNone = 0xFFFFFFFF;

/// Slots in a row, doubly linked through a vector.
class SlotList {
 public:
  void push_front(std::uint32_t slot) {
    if (slot >= links_.size()) links_.resize(std::size_t{slot} + 1);
    links_[slot] = {kNone, front_};
    (front_ == kNone ? back_ : links_[front_].before) = slot;
    front_ = slot;
  }
  void erase(std::uint32_t slot) {
    const Link link = links_[slot];
    (link.before == kNone ? front_ : links_[link.before].behind) = link.behind;
    (link.behind == kNone ? back_ : links_[link.behind].before) = link.before;
  }
  std::uint32_t back() const { return back_; }  ///< kNone when empty
  std::uint32_t before(std::uint32_t slot) const { return links_[slot].before; }
  void clear() { front_ = back_ = kNone; }

 private:
  struct Link {
    std::uint32_t before, behind;
  };
  std::vector<Link> links_;
  std::uint32_t front_ = kNone, back_ = kNone;
};

std::optional<std::uint32_t> unless_none(std::uint32_t slot) {
  if (slot == kNone) return std::nullopt;
  return slot;
}

class Lru final : public EvictionPolicy {
 public:
  Newcomer on_miss(std::uint64_t, std::uint32_t, std::uint64_t) override { return {{}, true}; }
  void on_store(std::uint32_t slot, std::uint64_t, std::uint32_t, const EvictionState&,
                EvictionTick) override {
    list_.push_front(slot);
  }
  void on_hit(std::uint32_t slot, EvictionTick) noexcept override {
    list_.erase(slot);
    list_.push_front(slot);
  }
  void on_remove(std::uint32_t slot, std::uint64_t) override { list_.erase(slot); }
  void on_clear() override { list_.clear(); }
  std::optional<std::uint32_t> victim() override { return unless_none(list_.back()); }
  EvictionState state(std::uint32_t) const override { return {}; }

 private:
  SlotList list_;
};

class Sieve final : public EvictionPolicy {
 public:
  Newcomer on_miss(std::uint64_t, std::uint32_t, std::uint64_t) override { return {{}, true}; }
  void on_store(std::uint32_t slot, std::uint64_t, std::uint32_t, const EvictionState&,
                EvictionTick) override {
    if (slot >= used_.size()) used_.resize(std::size_t{slot} + 1);
    used_[slot] = false;
    list_.push_front(slot);
  }
  void on_hit(std::uint32_t slot, EvictionTick) noexcept override { used_[slot] = true; }
  void on_remove(std::uint32_t slot, std::uint64_t) override {
    if (hand_ == slot) hand_ = list_.before(slot);
    list_.erase(slot);
  }
  void on_clear() override {
    list_.clear();
    hand_ = kNone;
  }
  std::optional<std::uint32_t> victim() override {
    if (list_.back() == kNone) return std::nullopt;
    if (hand_ == kNone) hand_ = list_.back();
    while (used_[hand_]) {
      used_[hand_] = false;
      hand_ = list_.before(hand_);
      if (hand_ == kNone) hand_ = list_.back();
    }
    return hand_;
  }
  EvictionState state(std::uint32_t) const override { return {}; }

 private:
  SlotList list_;
  std::vector<bool> used_;
  std::uint32_t hand_ = kNone;  ///< kNone: at the back
};

class PlainGdsf final : public EvictionPolicy {
 public:
  Newcomer on_miss(std::uint64_t, std::uint32_t, std::uint64_t) override { return {{}, true}; }
  void on_store(std::uint32_t slot, std::uint64_t, std::uint32_t cost, const EvictionState&,
                EvictionTick now) override {
    if (slot >= objects_.size()) objects_.resize(std::size_t{slot} + 1);
    objects_[slot] = {cost, 0, 0, now};
    use(slot, now);
  }
  void on_hit(std::uint32_t slot, EvictionTick now) noexcept override {
    order_.erase(place_of(slot));
    use(slot, now);
  }
  void on_remove(std::uint32_t slot, std::uint64_t) override { order_.erase(place_of(slot)); }
  void on_clear() override { order_.clear(); }
  std::optional<std::uint32_t> victim() override {
    if (order_.empty()) return std::nullopt;
    const auto& [priority, touched, slot] = *order_.begin();
    floor_ = std::max(floor_, priority);
    return slot;
  }
  EvictionState state(std::uint32_t slot) const override {
    return {objects_[slot].frequency, objects_[slot].priority};
  }

 private:
  struct Object {
    std::uint32_t cost = 0, frequency = 0;
    double priority = 0;
    EvictionTick touched = 0;
  };
  using Place = std::tuple<double, EvictionTick, std::uint32_t>;

  Place place_of(std::uint32_t slot) const {
    return {objects_[slot].priority, objects_[slot].touched, slot};
  }
  void use(std::uint32_t slot, EvictionTick now) {
    Object& object = objects_[slot];
    ++object.frequency;
    object.priority = floor_ + static_cast<double>(object.frequency) / std::max(object.cost, 1u);
    object.touched = now;
    order_.insert(place_of(slot));
  }

  std::vector<Object> objects_;
  std::set<Place> order_;
  double floor_ = 0;
};

}  // namespace

std::unique_ptr<EvictionPolicy> make_lru() {
  return std::make_unique<Lru>();
}

std::unique_ptr<EvictionPolicy> make_sieve() {
  return std::make_unique<Sieve>();
}

std::unique_ptr<EvictionPolicy> make_plain_gdsf() {
  return std::make_unique<PlainGdsf>();
}

}  // namespace larder::bench
