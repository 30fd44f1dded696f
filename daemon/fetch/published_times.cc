// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/published_times.h"

#include "cache/tags/place.h"

namespace larder {
namespace {

using What = ContentChange::What;

std::uint64_t key_of(std::uint64_t place, const Publishing& publishing) {
  return place ^ publishing.what.hash ^ (publishing.locale * 0x9E3779B97F4A7C15u);
}

bool is_told(const ContentChange& change) {
  const bool is_shown = change.what == What::entry || change.what == What::asset;
  return is_shown && change.action == ContentChange::Action::published && change.published.ms > 0 &&
         !change.locale.empty();
}

bool names_place(const PurgeOrder& order) {
  return !order.api_key.empty() && !order.environment.empty() && !order.branch.empty();
}

}  // namespace

std::vector<PublishedTimes::Place> PublishedTimes::places_of(const PurgeOrder& order) {
  const auto place = [&](const std::string& branch) {
    return Place{place_of(order.api_key, order.environment, branch),
                 branch_place(order.api_key, branch)};
  };
  std::vector<Place> places{place(order.branch)};
  for (const auto& alias : order.aliases) places.push_back(place(alias));
  return places;
}

void PublishedTimes::note(const PurgeOrder& order, WallTime now) {
  if (order.dry_run) return;
  if (!order.moved_to.empty()) forget(branch_place(order.api_key, order.branch));
  if (order.what != PurgeOrder::What::change || !names_place(order)) return;
  const std::vector<Place> places = places_of(order);
  for (const ContentChange& change : order.changes) {
    if (!is_told(change)) continue;
    const Tag what = change.what == What::entry ? entry_tag(change.uid) : asset_tag(change.uid);
    const Publishing publishing{what, locale_hash(change.locale), change.published};
    for (const Place& place : places) add(place, publishing, now);
  }
}

void PublishedTimes::forget(std::uint64_t branch) {
  std::erase_if(known_, [branch](const auto& entry) { return entry.second.branch == branch; });
  std::erase_if(order_, [&](std::uint64_t key) { return !known_.contains(key); });
}

/// An event that is overtaken by a later one, or told once more, changes nothing.
void PublishedTimes::add(const Place& place, const Publishing& publishing, WallTime now) {
  const std::uint64_t key = key_of(place.place, publishing);
  const auto [known, is_new] = known_.try_emplace(key);
  if (known->second.published >= publishing.time) return;
  known->second = {place.branch, publishing.time, {now.ms + kLifetimeMs}};
  if (is_new) order_.push_back(key);
  if (known_.size() <= most_) return;
  known_.erase(order_.front());
  order_.pop_front();
}

std::vector<Tag> PublishedTimes::find_older(std::uint64_t place, std::span<const Publishing> shown,
                                            WallTime now) const {
  std::vector<Tag> older;
  if (known_.empty()) return older;
  for (const Publishing& one : shown) {
    const auto known = known_.find(key_of(place, one));
    if (known == known_.end() || known->second.until < now) continue;
    if (one.time.ms + kRoundingMs < known->second.published.ms) older.push_back(one.what);
  }
  return older;
}

}  // namespace larder
