// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cache/tags/tag.h"
#include "conf/base/clock.h"
#include "conf/config.h"

namespace larder {

/// When a tag of one place was purged.
struct EpochRow {
  std::uint64_t tag = 0;     ///< Epochs::tag_in()
  std::uint64_t place = 0;   ///< place_of()
  std::uint64_t number = 0;  ///< of the last purge
  std::uint64_t before = 0;  ///< of the last purge whose soft time was over then; 0 = none
  WallTime happened;         ///< the first change since `before`
  std::uint64_t hard = 0;    ///< of the last hard purge; 0 = none
  /// Of what it was purged for, the last change; 0 = not known. Negative: what carries the tag only
  /// may have changed then, at the time without its sign.
  WallTime changed;
  friend bool operator==(const EpochRow&, const EpochRow&) = default;
};

/// What purges do to the rows: to be written in a transaction.
struct EpochChange {
  std::unordered_map<std::uint64_t, EpochRow> raised;  ///< by their tags
  std::unordered_set<std::uint64_t> dropped;           ///< tags

  void raise(const EpochRow& row);
  void drop(std::uint64_t tag);
  /// What a later purge does besides.
  void add(const EpochChange& later);
  std::size_t rows() const { return raised.size() + dropped.size(); }
};

/// When what was purged, in numbers: each purge takes the next one. An object carries the number
/// that held when its fill began, and its tags; it is purged when one of them was purged by a later
/// number. So a purge costs some rows, however many objects it hits, and whatever is stored later
/// by a fill that began before it is purged as well.
///
/// A table of fixed size. A tag that finds no room displaces the tag that was purged longest ago of
/// those that share its places; all of that tag's place counts as purged by the displaced number
/// from then on, and where not even that is to be remembered, everything does, and hard: too much
/// is purged then, never too little.
///
/// Any number of threads look up without a lock; one changes it.
class Epochs {
 public:
  /// Room for about so many rows.
  explicit Epochs(std::size_t rows);

  /// The number of the last purge.
  std::uint64_t last() const { return last_.load(std::memory_order_acquire); }

  /// What later purges have done to an object.
  struct Purged {
    bool hard = false;    ///< it must not be used any more
    WallTime soft_until;  ///< until then it may be served once more while its refresh runs
  };
  /// Since `number`, to an object of `place` that carries `tags` (TagSet::take(); empty = it may
  /// depend on anything). Nothing: it is as good as last() was before the call. `soft_for`: how
  /// long a purged object may be served while its refresh runs.
  std::optional<Purged> purged_since(std::uint64_t number, std::uint64_t place,
                                     std::string_view tags, Milliseconds soft_for) const;

  /// What an answer of `place` that carries `tags` shows, as a number: `number`, which held when it
  /// was asked for, unless some cache on the way had it from before a change of `made_after` or
  /// later. It then counts as fetched before the purge for that change. What only may have changed
  /// counts for kSuspectMs after the change, for a cache that knows of it may rightly keep it.
  std::uint64_t shown_by(std::uint64_t number, std::uint64_t place, std::string_view tags,
                         WallTime made_after, WallTime now) const;
  /// Longer than the vendor's CDN usually lags.
  static constexpr Milliseconds kSuspectMs = 60'000;

  /// What to purge: a tag in each of the places, or all of each place.
  struct Purge {
    std::vector<std::uint64_t> places;
    std::vector<Tag> tags;
    bool whole = false;  ///< all of the places, whatever tags
    bool hard = false;
    WallTime happened;
    std::vector<Tag> changed_tags = {};  ///< of the tags, sorted: what carries them changed
    WallTime changed = {};               ///< at this time, and any cache on the way ought to know;
                                         ///< what carries another of the tags may have changed then
  };
  /// One purge, or several that become visible together: they share a number. `soft_for` as above.
  EpochChange purge(const std::vector<Purge>& purges, Milliseconds soft_for);

  /// Of the database. What is known already stays.
  void restore(const std::vector<EpochRow>& rows, std::uint64_t last, std::uint64_t everything);
  std::uint64_t everything_before() const { return everything_.load(std::memory_order_acquire); }
  std::optional<EpochRow> find(std::uint64_t tag) const;
  std::vector<EpochRow> rows() const;

  static std::uint64_t tag_in(std::uint64_t place, Tag tag) { return tag.hash ^ place; }
  /// Stands for all of a place.
  static std::uint64_t whole_of(std::uint64_t place);

 private:
  static constexpr std::size_t kWays = 16;
  using Number = std::atomic<std::uint64_t>;
  struct Fields {
    Number number{0}, before{0}, happened{0}, hard{0}, changed{0};
    std::uint64_t place = 0;  ///< of the thread that changes
  };

  std::size_t set_of(std::uint64_t tag) const { return (tag * 0x9E3779B97F4A7C15u >> 32) % sets_; }
  std::optional<std::size_t> slot_of(std::uint64_t tag) const;
  bool is_whole(std::size_t slot) const;
  std::size_t slot_for(std::uint64_t tag, EpochChange& change, std::vector<std::size_t>& taken);
  void displace(std::size_t slot, EpochChange& change, std::vector<std::size_t>& taken);
  void put(std::size_t slot, const EpochRow& row);
  EpochRow row_at(std::size_t slot) const;
  void raise(EpochRow row, Milliseconds soft_for, EpochChange& change);
  void look(std::uint64_t tag, std::uint64_t number, Milliseconds soft_for,
            std::optional<Purged>& purged) const;

  std::size_t sets_;
  std::unique_ptr<Number[]> tags_;  ///< 0 = free
  std::unique_ptr<Fields[]> fields_;
  Number last_{0};
  Number everything_{0};  ///< what has a smaller number is purged
};

}  // namespace larder
