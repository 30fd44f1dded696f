// SPDX-License-Identifier: Apache-2.0
#include "cache/store/unknown_places.h"

#include <algorithm>

namespace larder {

void UnknownPlaces::begin(const std::vector<std::uint64_t>& places, Besides besides, WallTime since,
                          WallTime fresh_until) {
  begun_ = places;
  besides_.store(besides);
  places_ = std::make_unique<Place[]>(places.size());
  for (std::size_t i = 0; i < places.size(); ++i) places_[i].store(places[i]);
  count_ = places.size();
  since_ = since;
  fresh_until_ = fresh_until;
  left_.store(count_, std::memory_order_release);
}

void UnknownPlaces::end(std::uint64_t place) noexcept {
  for (std::size_t i = 0; i < count_; ++i) {
    std::uint64_t unknown = place;
    if (places_[i].compare_exchange_strong(unknown, 0)) {
      left_.fetch_sub(1, std::memory_order_release);
    }
  }
}

bool UnknownPlaces::is_unknown(std::uint64_t place) const noexcept {
  const auto is_place = [place](const Place& one) { return one.load() == place; };
  if (std::any_of(places_.get(), places_.get() + count_, is_place)) return true;
  const Besides besides = besides_.load(std::memory_order_acquire);
  if (besides != Besides::others) return besides == Besides::all;
  return std::find(begun_.begin(), begun_.end(), place) == begun_.end();
}

Lifetime UnknownPlaces::bounded(const Lifetime& lifetime, std::uint64_t place,
                                WallTime now) const noexcept {
  if (lifetime.stored >= since_ || now < fresh_until_) return lifetime;
  if (!is_unknown(place)) return lifetime;
  return purged_lifetime(lifetime, {}, now);
}

}  // namespace larder
