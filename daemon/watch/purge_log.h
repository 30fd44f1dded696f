// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "cache/store/store.h"
#include "conf/base/anchored_clock.h"

namespace larder {

/// `operator`, `http`, `webhook`, `sync` or `bus`.
const char* name_of(PurgeSource source);
/// What a purge means, for people: of bounded length, and without any token.
std::string subject_of(const PurgeOrder& order);
/// `api_key/environment/branch`, `*` for a part that may be any; "" of a purge of all.
std::string scope_text(const PurgeOrder& order);

/// One purge that has ended.
struct PurgeRecord {
  WallTime at;  ///< of its end
  PurgeSource source = PurgeSource::operator_;
  std::string subject;
  std::string scope;
  std::size_t changes = 0;               ///< of content
  std::uint64_t tags = 0;                ///< that it has raised
  std::optional<std::int64_t> lag_ms;    ///< from the event to `at`; nothing = nobody told its time
  std::optional<std::uint64_t> objects;  ///< nothing = they were not counted
  bool hard = false;
  bool failed = false;  ///< it is not durable
};

/// The last purges, whoever asked, and how many there were. Any thread.
class PurgeLog {
 public:
  static constexpr std::size_t kSources = 5;

  /// How many are kept: `purge.events`.
  void keep(std::size_t most);
  /// `done`, which notes the end of a purge as well. `clock` and this outlive it.
  std::function<void(PurgeResult)> noting(const PurgeOrder& order, const AnchoredClock& clock,
                                          std::function<void(PurgeResult)> done);
  void note(PurgeRecord record);
  /// So many of its events were applied before, and are left out.
  void note_repeated(PurgeSource source, std::uint64_t events);

  struct Counts {
    std::uint64_t done = 0, failed = 0;
    std::uint64_t tags = 0;      ///< raised
    std::uint64_t repeated = 0;  ///< events
  };
  std::array<Counts, kSources> counts() const;  ///< by PurgeSource
  /// `{"events":[...]}`, the latest `most` with the last one first.
  std::string json(std::size_t most) const;

 private:
  mutable std::mutex mutex_;
  std::size_t most_ = 256;
  std::deque<PurgeRecord> records_;
  std::array<Counts, kSources> counts_;
};

}  // namespace larder
