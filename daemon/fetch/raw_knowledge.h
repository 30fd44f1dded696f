// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cache/tags/raw_entries.h"
#include "conf/base/clock.h"
#include "daemon/orders/orders.h"

namespace larder {

/// Keeps RawEntries true while schemas change: with its schema, a content type may show other
/// references of a version than before. On the fetch thread; pure.
class RawKnowledge {
 public:
  static constexpr Milliseconds kSkewMs = 60'000;      ///< between the CMS's clock and this one
  static constexpr Milliseconds kEventSkewMs = 2'000;  ///< between the clocks of the CMS

  /// `started`: what was forgotten before is not known any more.
  RawKnowledge(std::size_t most, MonotonicTime started) : entries_(most) {
    all_forgotten_.untold = started;
  }

  void set_most(std::size_t most) { entries_.set_most(most); }
  const RawEntries& entries() const { return entries_; }

  /// What the CMS says of a branch (branch_place()); it was asked then. Nothing is learnt of what
  /// may be from before a change of schema. False = there is no room for more.
  bool know(std::uint64_t branch, std::vector<RawEntry> entries, MonotonicTime asked);
  /// What an event of the CMS says; for the rest as above. Which of two events was first, their own
  /// times tell; of anything else only that its clock and this one differ by kSkewMs at most.
  void know(const RawNote& note, WallTime wall, MonotonicTime now);
  /// Forgets what the purge says has changed its shape: the content types that are to be learnt
  /// anew in its branches, "" = all. Of an alias that has moved it knows at once what it knows of
  /// the branch.
  std::vector<std::string> note_purge(const PurgeOrder& purge, MonotonicTime now);

 private:
  static constexpr std::size_t kMostBranches = 1'024;

  void forget(std::optional<Tag> content_type, const PurgeOrder& purge, MonotonicTime now);
  /// When something was forgotten for the last time.
  struct Forgotten {
    MonotonicTime at{-1};
    MonotonicTime untold{-1};  ///< and the CMS has not said when it happened
    WallTime told;             ///< when it happened, by the CMS's clock
    void note(const PurgeOrder& purge, MonotonicTime now);
    bool is_before(MonotonicTime asked) const { return at <= asked; }
    /// Before an event of `said` by the CMS's clock, and of `asked` or later by the one here.
    bool is_before(WallTime said, MonotonicTime asked) const;
  };

  void follow_alias(const PurgeOrder& purge, MonotonicTime now);
  const Forgotten* forgotten_of(std::uint64_t branch) const;

  RawEntries entries_;
  std::unordered_map<std::uint64_t, Forgotten> forgotten_;  ///< by branch
  Forgotten all_forgotten_;
  /// Aliases that have moved, and where to: nothing else of them has been forgotten since.
  std::unordered_map<std::uint64_t, std::uint64_t> follows_;
};

}  // namespace larder
