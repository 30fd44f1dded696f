// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "bench/trace/trace_format.h"

namespace larder::bench {
namespace {

/// Of sums that stay whole: 16 million objects of this size.
constexpr std::uint64_t kLargestSize = std::uint64_t{1} << 40;

class Csv final : public LineParser {
 public:
  const char* format() const override { return "CSV of time, key and size"; }

  std::optional<std::string> take(std::string_view line, TraceBuilder& trace) override {
    if (!header_seen_) {
      header_seen_ = true;
      return std::nullopt;
    }
    const std::size_t first = line.find(',');
    const std::size_t last = line.rfind(',');
    if (first == last) return "three fields are wanted, time,key,size; remove or mend the line";
    const auto time = whole_number(line.substr(0, first));
    const std::string_view key = line.substr(first + 1, last - first - 1);
    const auto size = whole_number(line.substr(last + 1));
    if (!time) return "the time is not a whole number of seconds; remove or mend the line";
    if (key.empty()) return "the key is empty; remove or mend the line";
    if (!size) return "the size is not a whole number of bytes; remove or mend the line";
    if (*size > kLargestSize) return "no object has more than 1 TiB; remove or mend the line";
    if (*time < time_) return "time runs back; sort the trace by time";
    time_ = *time;
    const auto seconds = static_cast<double>(*time);
    if (*size == TraceEvent::kPurge) {
      trace.purge(seconds, key);
    } else {
      trace.request(seconds, key, *size);
    }
    return std::nullopt;
  }

 private:
  bool header_seen_ = false;
  std::uint64_t time_ = 0;
};

}  // namespace

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

std::unique_ptr<LineParser> parse_csv() {
  return std::make_unique<Csv>();
}

}  // namespace larder::bench
