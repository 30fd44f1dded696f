// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/event_time.h"

#include <chrono>

#include "conf/base/octets.h"

namespace larder {
namespace {

/// Takes what a time is made of from the front of a text.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : rest_(text) {}

  bool number(std::size_t digits, int least, int greatest, int& value) {
    if (rest_.size() < digits) return false;
    value = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (!is_digit(c)) return false;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return value >= least && value <= greatest;
  }

  bool mark(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
    last_ = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }

  /// Behind the point, in milliseconds; what is finer is dropped.
  bool fraction(int& milliseconds) {
    milliseconds = 0;
    int weight = 100;
    const std::size_t before = rest_.size();
    while (!rest_.empty() && is_digit(rest_.front())) {
      milliseconds += weight * (rest_.front() - '0');
      weight /= 10;
      rest_.remove_prefix(1);
    }
    return rest_.size() < before;
  }

  /// `Z` or an offset, in minutes.
  bool zone(int& minutes) {
    minutes = 0;
    if (mark("Zz")) return true;
    if (!mark("+-")) return false;
    const int sign = last_ == '-' ? -1 : 1;
    int hours = 0;
    if (!number(2, 0, 23, hours) || !mark(":") || !number(2, 0, 59, minutes)) return false;
    minutes = sign * (hours * 60 + minutes);
    return true;
  }

  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  char last_ = 0;  ///< what mark() took
};

}  // namespace

std::optional<WallTime> parse_event_time(std::string_view text) {
  TimeReader reader(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, milliseconds = 0, zone = 0;
  const bool read =
      reader.number(4, 1970, 9999, year) && reader.mark("-") && reader.number(2, 1, 12, month) &&
      reader.mark("-") && reader.number(2, 1, 31, day) && reader.mark("Tt ") &&
      reader.number(2, 0, 23, hour) && reader.mark(":") && reader.number(2, 0, 59, minute) &&
      reader.mark(":") && reader.number(2, 0, 60, second) &&
      (!reader.mark(".") || reader.fraction(milliseconds)) && reader.zone(zone);
  if (!read || !reader.at_end()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t minutes = (days * 24 + hour) * 60 + minute - zone;
  return WallTime{(minutes * 60 + second) * 1'000 + milliseconds};
}

}  // namespace larder
