// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/visible_watch.h"

#include <algorithm>
#include <array>

#include "cache/tags/place.h"
#include "cache/tags/tag_set.h"

namespace larder {

void VisibleWatch::expect(const PurgeOrder& order, std::uint64_t last) {
  if (order.changed.ms <= 0 || order.api_key.empty() || order.environment.empty()) return;
  const std::uint64_t place = place_of(order.api_key, order.environment, order.branch);
  for (const ContentChange& change : order.changes) {
    const bool entry = change.what == ContentChange::What::entry;
    if (!entry && change.what != ContentChange::What::asset) continue;
    const Tag tag = entry ? entry_tag(change.uid) : asset_tag(change.uid);
    std::erase_if(changes_, [&](const Change& c) { return c.place == place && c.tag == tag; });
    if (changes_.size() >= kMost) changes_.pop_front();
    changes_.push_back({place, tag, order.changed, last});
  }
}

std::vector<Milliseconds> VisibleWatch::on_shown(std::uint64_t number, std::uint64_t place,
                                                 std::string_view tags, WallTime now) {
  std::vector<Milliseconds> ages;
  std::erase_if(changes_, [&](const Change& change) {
    if (change.after >= number || change.place != place ||
        !has_any_tag(tags, std::array{change.tag}))
      return false;
    ages.push_back(std::max<Milliseconds>(0, now.ms - change.at.ms));
    return true;
  });
  return ages;
}

}  // namespace larder
