// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/shown_epoch.h"

#include "cache/tags/place.h"
#include "cache/tags/tag_set.h"
#include "daemon/fetch/fill.h"

namespace larder {

std::uint64_t shown_epoch(const FillSurroundings& around, const Fill& fill,
                          const ObjectHead& object, const AnswerAge& age) {
  std::uint64_t shown = object.epoch;
  if (age.made_after) {
    shown = around.store.shown_by(fill, shown, object.tags, *age.made_after, age.now);
  }
  const auto older = around.published.find_older(place_of(*fill.order().scope), age.shown, age.now);
  if (older.empty()) return shown;
  TagSet tags;
  for (const Tag what : older) tags.add(what);
  // Whenever that change was, the answer is from before it.
  return around.store.shown_by(fill, shown, tags.take(), WallTime{}, age.now);
}

}  // namespace larder
