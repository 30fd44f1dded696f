// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "conf/base/clock.h"
#include "daemon/watch/request_sample.h"

namespace larder {

/// What to sort by: how often it was asked for, how often not answered from the store, size, time.
enum class TopBy : std::uint8_t { requests, misses, bytes, time };
std::optional<TopBy> top_by(std::string_view name);

/// The most frequent of what is counted, with a bound on memory: where there is no room the least
/// frequent one gives way, and the new one inherits its count as what it may be wrong by
/// (space-saving). All that is over 1/`most` of the whole is in it. Pure.
class FrequentRows {
 public:
  struct Row {
    std::string target;  ///< "" = the row is of a place alone
    std::string place;
    std::uint64_t samples = 0;
    std::uint64_t too_many = 0;  ///< of `samples`, at most
    std::uint64_t seen = 0;      ///< since it is in here: what the rest is of
    std::uint64_t missed = 0;
    std::uint64_t sum_us = 0, longest_us = 0;
    std::uint64_t largest_bytes = 0;
  };

  /// `most`: rows; 1 or more.
  explicit FrequentRows(std::size_t most) : most_(most) {}
  void add(std::string_view target, std::string_view place, const AccessRecord& request);
  /// Half of every count; what has none left goes.
  void age();
  /// The first `limit` by `by`.
  std::vector<Row> top(TopBy by, std::size_t limit) const;
  std::size_t size() const { return rows_.size(); }

 private:
  Row& row_of(std::string_view target, std::string_view place);

  std::size_t most_;
  std::vector<Row> rows_;
  std::unordered_map<std::string, std::size_t> places_;  ///< target and place -> its row
};

/// What is hot, of samples of requests: by URL and by scope, over the last minutes. Not copied: the
/// main thread's.
class TopRequests {
 public:
  static constexpr Milliseconds kAgeMs = 60'000;  ///< after which counts are halved
  static constexpr std::size_t kMostPlaces = 256;

  /// `most`: URLs that are kept.
  explicit TopRequests(std::size_t most) : urls_(most), scopes_(kMostPlaces) {}
  void add(const RequestSample& sample);
  /// From time to time.
  void age(MonotonicTime now);
  /// `{"samples":N,"urls":[...],"scopes":[...]}`, the first `limit` of each; without any token.
  std::string json(TopBy by, std::size_t limit) const;

 private:
  FrequentRows urls_, scopes_;
  std::uint64_t samples_ = 0;  ///< halved with the rows
  std::optional<MonotonicTime> aged_;
};

}  // namespace larder
