// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace larder::bench {

/// One line of a trace.
struct TraceEvent {
  static constexpr std::uint64_t kPurge = 0;  ///< as a size: the key is purged, not asked for
  std::uint32_t key;                          ///< dense, from 0, by first appearance
  std::uint32_t time_s;                       ///< from the first line on
  std::uint64_t size;
};

/// Requests and purges in their order, and what is known of all of them together.
struct Trace {
  std::string name;
  std::string format;
  std::vector<TraceEvent> events;
  std::vector<std::uint64_t> key_hashes;  ///< by key
  std::uint64_t lines_skipped = 0;        ///< that are no cacheable request

  std::uint64_t requests = 0;
  std::uint64_t purges = 0;
  std::uint64_t keys_asked_once = 0;
  std::uint64_t first_requests = 0;   ///< what a cache without a bound would miss ...
  std::uint64_t first_bytes = 0;      ///< ... and their bytes
  std::uint64_t footprint_bytes = 0;  ///< the largest size of each key, together
  std::uint64_t requested_bytes = 0;
  std::uint64_t largest_bytes = 0;
  std::uint64_t span_s = 0;

  std::uint64_t keys() const { return key_hashes.size(); }
};

/// Makes a trace, line by line.
class TraceBuilder {
 public:
  void request(double time_s, std::string_view key, std::uint64_t size);
  void purge(double time_s, std::string_view key);
  void skip() { ++trace_.lines_skipped; }
  /// Sizes differ only because transfers were broken off: each key's is the largest seen.
  void level_sizes() { level_sizes_ = true; }
  /// Sums up. The builder is used up.
  Trace finish(std::string name, std::string format);

 private:
  void add(double time_s, std::string_view key, std::uint64_t size);

  Trace trace_;
  // By the key's hash: of two keys with the same 64 bits among a thousand million there is none.
  std::unordered_map<std::uint64_t, std::uint32_t> numbers_;
  double began_s_ = 0;
  bool level_sizes_ = false;
};

/// Reads files, each as going on where the one before ended. `tell` hears how far, 0 to 1, now and
/// then.
Trace read_trace(const std::vector<std::string>& paths, const std::function<void(double)>& tell);

}  // namespace larder::bench
