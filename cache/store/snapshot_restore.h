// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cache/store/snapshot_format.h"
#include "conf/base/clock.h"
#include "conf/base/result.h"
#include "conf/config.h"

namespace larder {

/// A snapshot is to become the store of a cache directory that nobody uses.
struct RestoreOrder {
  std::string file;       ///< the snapshot
  std::string directory;  ///< `cache.path`; made where it is missing
  Bytes map_bytes = 0;    ///< `cache.size`
  bool replaces = false;  ///< a store that is there goes
  /// Places (place_of()) and, with `trusts_others`, all others, of which whoever starts with the
  /// store hears what has changed since the snapshot was taken. All that is stored of other places
  /// is purged, not hard: it has to be asked for again before it is fresh.
  std::vector<std::uint64_t> trusted;
  bool trusts_others = false;
  /// Positions of feeds (FeedPosition::feed) that begin so stay behind: they are about the node
  /// that took the snapshot.
  std::vector<std::string> dropped_feeds;
  WallTime now;
};

struct RestoreReport {
  SnapshotTotals totals;
  WallTime taken;
  std::uint64_t purged_places = 0;  ///< whose objects have to be asked for again
  bool clock_is_behind = false;     ///< `now` is before `taken`: nothing is trusted
  bool is_of_this_node = false;     ///< the directory had its secret: nothing is trusted either
};

/// Reads and checks all of the snapshot, into files beside the store; then these take the store's
/// place. A crash or an error on the way leaves no store (or, before the last step, the one that
/// was there), never a part of one; what lies beside it is removed by the next try and by the next
/// start. Files get the directory's owner. Errors name the file and what to do. Throws what
/// CacheDirectory throws: also where a larderd uses the directory.
Result<RestoreReport> restore_snapshot(const RestoreOrder& order);

/// Removes what a restore that did not come to its end has left. The caller has the directory's
/// lock.
void remove_unfinished_restore(const std::string& directory);

}  // namespace larder
