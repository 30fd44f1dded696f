// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <chrono>

#include "bench/trace/trace_format.h"

namespace larder::bench {
namespace {

/// What is behind the request of a line: its status and the bytes that were sent.
struct Answer {
  std::uint64_t status = 0;
  std::optional<std::uint64_t> bytes;  ///< nothing for "-"
};

std::string_view word_of(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

std::optional<Answer> answer_in(std::string_view text) {
  const std::string_view status = word_of(text);
  const std::string_view bytes = word_of(text);
  const auto code = whole_number(status);
  if (status.size() != 3 || !code) return std::nullopt;
  if (bytes == "-") return Answer{*code, std::nullopt};
  const auto count = whole_number(bytes);
  if (!count) return std::nullopt;
  return Answer{*code, count};
}

/// "10/Oct/2000:13:55:36 -0700" as seconds since 1970.
std::optional<double> time_in(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() < 20 || text[2] != '/' || text[6] != '/' || text[11] != ':') return std::nullopt;
  const std::size_t month = kMonths.find(text.substr(3, 3));
  const auto day = whole_number(text.substr(0, 2));
  const auto year = whole_number(text.substr(7, 4));
  const auto hour = whole_number(text.substr(12, 2));
  const auto minute = whole_number(text.substr(15, 2));
  const auto second = whole_number(text.substr(18, 2));
  if (month == std::string_view::npos || !day || !year || !hour || !minute || !second)
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  return static_cast<double>(days.count() * 86'400 +
                             static_cast<std::int64_t>((*hour * 60 + *minute) * 60 + *second));
}

class WebLog final : public LineParser {
 public:
  const char* format() const override { return "common or combined log format"; }

  std::optional<std::string> take(std::string_view line, TraceBuilder& trace) override {
    const std::size_t date = line.find('[');
    const std::size_t request = line.find("] \"", std::min(date, line.size()));
    if (request == std::string_view::npos)
      return "not in common or combined log format; remove the line";
    const auto time = time_in(line.substr(date + 1, request - date - 1));
    if (!time) return "the time is not as in [10/Oct/2000:13:55:36 -0700]; remove the line";
    std::string_view words = line.substr(request + 3);
    // A request may have quotes in it: it ends where a status follows.
    std::optional<Answer> answer;
    std::size_t end = 0;
    for (end = words.find("\" "); end != std::string_view::npos; end = words.find("\" ", end + 1)) {
      answer = answer_in(words.substr(end + 2));
      if (answer) break;
    }
    if (!answer) return "no status and size behind the request; remove the line";
    words = words.substr(0, end);
    const std::string_view method = word_of(words);
    const std::string_view target = word_of(words);
    if (method != "GET" || target.empty() || answer->status != 200 ||
        answer->bytes.value_or(0) == 0) {
      trace.skip();
    } else {
      trace.level_sizes();
      trace.request(*time, target, *answer->bytes);
    }
    return std::nullopt;
  }
};

}  // namespace

std::unique_ptr<LineParser> parse_web_log() {
  return std::make_unique<WebLog>();
}

}  // namespace larder::bench
