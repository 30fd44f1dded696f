// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/fill_table.h"

#include <algorithm>
#include <utility>

#include "conf/base/check.h"
#include "daemon/fetch/relays.h"
#include "daemon/fetch/slow_answers.h"

namespace larder {

FillTable::Fills::iterator FillTable::current_place(const FillOrder& order) {
  const auto [first, last] = fills_.equal_range(order.key);
  const auto place = std::find_if(first, last, [&](const auto& entry) {
    const FillOrder& other = entry.second.fill->order();
    // Keys may collide.
    return entry.second.current && other.canonical == order.canonical &&
           other.scope->mac == order.scope->mac;
  });
  return place == last ? fills_.end() : place;
}

FillTable::Fills::iterator FillTable::place_of(const Fill& fill) {
  const auto [first, last] = fills_.equal_range(fill.order().key);
  const auto place = std::find_if(
      first, last, [&](const auto& entry) { return entry.second.fill.get() == &fill; });
  LARDER_CHECK(place != last);
  return place;
}

Fill* FillTable::current(const FillOrder& order) {
  const auto place = current_place(order);
  return place == fills_.end() ? nullptr : place->second.fill.get();
}

Fill& FillTable::add(std::unique_ptr<Fill> fill) {
  const auto before = current_place(fill->order());
  if (before != fills_.end()) before->second.current = false;
  const CacheKey key = fill->order().key;
  return *fills_.emplace(key, Entry{std::move(fill), true})->second.fill;
}

void FillTable::retire(const Fill& fill) {
  place_of(fill)->second.current = false;
}

void FillTable::remove(const Fill& fill) {
  fills_.erase(place_of(fill));
}

Fill* FillTable::find(const CacheKey& key, std::uint64_t number) {
  const auto [first, last] = fills_.equal_range(key);
  const auto place = std::find_if(
      first, last, [&](const auto& entry) { return entry.second.fill->number() == number; });
  return place == last ? nullptr : place->second.fill.get();
}

Fill* FillTable::of(Waiter waiter) const {
  const auto found = waits_in_.find(waiter);
  return found == waits_in_.end() ? nullptr : found->second;
}

void FillTable::clear() {
  fills_.clear();
  waits_in_.clear();
}

std::size_t FillTable::cut_slow(const UpstreamConfig& bounds, Milliseconds span) {
  std::vector<SlowAnswer> slow;
  std::vector<Fill*> fills;
  for_each([&](Fill& fill) {
    const auto waited = fill.count_wait(span);
    if (waited < kSlowAnswerMs || fill.state() != Fill::State::passing) return;
    const auto& order = fill.order();
    slow.push_back({order.scope->delivery_host, client_group(order.client), waited});
    fills.push_back(&fill);
  });
  const auto beyond = slow_beyond(slow, bounds.max_slow_relays_per_client,
                                  std::max(1u, bounds.max_connections_per_host / 2));
  for (const std::size_t index : beyond) fills[index]->cut_off();  // which removes it from here
  return beyond.size();
}

}  // namespace larder
