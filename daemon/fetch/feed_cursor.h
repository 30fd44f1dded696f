// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "conf/base/clock.h"

namespace larder {

/// How far a feed has been followed: what FeedPosition holds as text.
struct FeedCursor {
  static constexpr std::size_t kMaxTokenBytes = 1'024;
  static constexpr std::size_t kMaxExplained = 256;

  std::string token;        ///< of the Sync API; says nothing of any credential
  bool between = false;     ///< it is a pagination token: more pages follow
  WallTime activity;        ///< of content types: what is not later has been heeded
  std::uint64_t shape = 0;  ///< fingerprint of activities that could not be followed; 0 = could
  /// By content type: its last event, where that is later than `activity`. kMaxExplained at most.
  std::map<std::string, WallTime> explained = {};

  friend bool operator==(const FeedCursor&, const FeedCursor&) = default;
};

std::string to_text(const FeedCursor& cursor);
/// Nothing = the text is of another larder, or broken.
std::optional<FeedCursor> parse_feed_cursor(std::string_view text);

}  // namespace larder
