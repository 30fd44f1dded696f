// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "cache/store/store.h"
#include "cache/tags/tag.h"
#include "conf/base/clock.h"
#include "conf/config.h"

namespace larder {

/// How long it takes from a change of an entry or asset to the first answer that shows it. Knows
/// the last changes that nobody has asked for yet. The fetch thread's; pure.
class VisibleWatch {
 public:
  static constexpr std::size_t kMost = 256;

  /// Changes whose time the CMS has said, in a place that is named whole.
  /// `last` = the number of the last purge before it.
  void expect(const PurgeOrder& order, std::uint64_t last);
  /// An answer has come for `place`, that counts as asked for after purge `number`, with the tags
  /// that its object carries. How long ago that of which it is the first happened.
  std::vector<Milliseconds> on_shown(std::uint64_t number, std::uint64_t place,
                                     std::string_view tags, WallTime now);
  std::size_t size() const { return changes_.size(); }

 private:
  struct Change {
    std::uint64_t place;
    Tag tag;
    WallTime at;
    std::uint64_t after;  ///< an answer with a greater number shows it
  };

  std::deque<Change> changes_;  ///< the first is the oldest
};

}  // namespace larder
