// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "conf/base/clock.h"
#include "conf/config.h"
#include "daemon/orders/orders.h"

namespace larder {

/// Compares fresh objects with what the origin has for them now. One that differs, and is not
/// purged within kGraceMs either, has missed its event. Pure; who owns it does the fetching.
class DriftAudit {
 public:
  /// An event may come later than the content.
  static constexpr Milliseconds kGraceMs = 15'000;
  static constexpr std::size_t kMaxRunning = 16;
  /// One warning at most in this time.
  static constexpr Milliseconds kWarningPauseMs = 3'600'000;

  struct Counts {
    std::uint64_t checked = 0;    ///< compared
    std::uint64_t differing = 0;  ///< of these, not as the origin has it
    std::uint64_t failed = 0;     ///< the origin gave nothing to compare
  };
  /// An object that differs, and was replaced by what the origin has.
  struct Suspect {
    FillOrder order;
    WallTime replaced;
    MonotonicTime due;  ///< when it is to be judged
  };

  /// Is it time for one more? `per_minute` 0 = never.
  bool is_due(unsigned per_minute, MonotonicTime now);
  /// Fill `fill` asks for what is stored under `etag`.
  void begin(std::uint64_t fill, FillOrder order, std::string etag);
  /// A purge came: what the fills that it selects bring proves nothing.
  void note_purge(const PurgeOrder& purge);
  /// Fill `fill` is over. `etag` of its whole answer; empty = it failed. Any fill may be told.
  void note_end(std::uint64_t fill, const std::string& etag, WallTime wall, MonotonicTime now);
  /// It waits to be judged: until then it is not to be fetched for the audit again.
  bool suspects(const CacheKey& key) const;
  /// Those whose time has come.
  std::vector<Suspect> take_due(MonotonicTime now);
  /// No event has come for this one. The warning, if it is time for one.
  std::optional<std::string> note_differing(const Suspect& suspect, MonotonicTime now);

  const Counts& counts() const { return counts_; }
  /// What is under way is forgotten.
  void clear();

 private:
  struct Running {
    FillOrder order;
    std::string etag;
  };

  std::map<std::uint64_t, Running> running_;  ///< by fill
  std::vector<Suspect> suspects_;
  Counts counts_;
  std::optional<MonotonicTime> last_;
  std::optional<MonotonicTime> warned_;
};

}  // namespace larder
