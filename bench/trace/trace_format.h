// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bench/trace/trace.h"

namespace larder::bench {

/// Reads lines of one format into a trace.
class LineParser {
 public:
  virtual ~LineParser() = default;
  virtual const char* format() const = 0;
  /// What is wrong with the line and what to do about it, or nothing.
  virtual std::optional<std::string> take(std::string_view line, TraceBuilder& trace) = 0;
};

/// `time,key,size` with that header; size 0 purges the key.
std::unique_ptr<LineParser> parse_csv();

/// larder's own access log. Whatever was answered from the cache, or could have been, is a request
/// for its key: outcomes hit, stale, stale_error, miss, joined and committed with a status that is
/// stored. Answers without a body (304, HEAD) ask for the size that the key had last. Other lines
/// are skipped. Neither expiry nor purges are in the log, so a miss in it is not a miss here; but a
/// key that comes back with another size has changed, and misses.
std::unique_ptr<LineParser> parse_larder_log();

/// Common or combined log format: GET with 200 and a body, by target, with the largest size that
/// the target was sent with (transfers are broken off). Other lines are skipped.
std::unique_ptr<LineParser> parse_web_log();

/// By the first line of the file; null = none of them.
std::unique_ptr<LineParser> parser_for(std::string_view first_line);

/// A whole number, all of `text`.
std::optional<std::uint64_t> whole_number(std::string_view text);

}  // namespace larder::bench
