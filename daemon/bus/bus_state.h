// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "conf/base/clock.h"
#include "daemon/bus/bus_entry.h"

/// What the threads of the bus decide by. Pure; no thread of their own.
namespace larder {

/// How whoever reads the stream stands to it.
enum class BusState : std::uint8_t {
  away,      ///< no connection
  joining,   ///< connected; whether the stream has all since the position is not known
  behind,    ///< it has, and there may be more than was read
  following  ///< nothing is left that was missed
};

const char* name_of(BusState state);
bool may_follow(BusState from, BusState to);

/// May a node go on from `position`? Only if the stream still has the very entry that it is the id
/// of: else entries were trimmed, the stream was emptied, or it is another one.
bool can_go_on(const std::optional<BusId>& position, bool entry_is_there);

/// FeedPosition of a position; the same back, or nothing where the text is of another larder.
std::string position_text(const BusId& position);
std::optional<BusId> parse_position(std::string_view text);

/// Pauses between tries: each up to twice the last, none the same as another node's.
class BusBackOff {
 public:
  static constexpr Milliseconds kFirstMs = 100;
  static constexpr Milliseconds kLastMs = 5'000;

  /// `drawn`: any number. The pause is half of the bound at least.
  Milliseconds next(std::uint64_t drawn);
  void reset() { bound_ms_ = kFirstMs; }

 private:
  Milliseconds bound_ms_ = kFirstMs;
};

/// Entries that are to be sent, in their order. Bounded: beyond it they are given up, and one that
/// tells of a gap takes their place.
class BusQueue {
 public:
  static constexpr std::size_t kMost = 1'024;

  explicit BusQueue(std::string node) : node_(std::move(node)) {}

  void add(BusFields entry);
  /// Something was not sent that nobody knows any more.
  void note_gap();
  /// What is to be sent next; stays until sent().
  const BusFields* next() const { return entries_.empty() ? nullptr : &entries_.front(); }
  void sent() { entries_.pop_front(); }
  std::size_t size() const { return entries_.size(); }

 private:
  const std::string node_;
  std::deque<BusFields> entries_;
};

}  // namespace larder
