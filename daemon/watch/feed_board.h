// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "conf/base/clock.h"

namespace larder {

/// What the Sync API is asked about. Holds no credentials.
struct FeedName {
  std::string api_key;
  std::string environment;
  std::string branch;  ///< or alias
  friend bool operator==(const FeedName&, const FeedName&) = default;
};

/// `api_key/environment/branch`
std::string text_of(const FeedName& feed);
/// Of what clients get of it.
std::uint64_t place_of(const FeedName& feed);

/// What is known of one feed at one moment, for status and metrics.
struct FeedSnapshot {
  struct Polls {
    const char* result = "";
    std::uint64_t count = 0;
  };

  FeedName name;
  const char* state = "";
  std::optional<MonotonicTime> complete_at;  ///< all that the origin had to tell was purged
  std::string trouble;                       ///< the last failure, while it lasts
  bool learning = false;  ///< what entries refer to is being asked for (`purge.known_entries`)
  std::array<Polls, 5> polls;
  std::uint64_t purges = 0;
  std::int64_t lag_ms = 0;  ///< of the last event: from its time until its purge was durable
};

/// What is known of the feeds, from the thread that follows them to whoever asks. Any thread.
class FeedBoard {
 public:
  /// Replaces what was shown before.
  void show(std::vector<FeedSnapshot> feeds);
  /// `visit` does not call back.
  void for_each(const std::function<void(const FeedSnapshot& feed)>& visit) const;
  /// A JSON array with an object for each feed, for the status.
  std::string json(MonotonicTime now) const;

 private:
  mutable std::mutex mutex_;
  std::vector<FeedSnapshot> feeds_;
};

}  // namespace larder
