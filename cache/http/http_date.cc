// SPDX-License-Identifier: Apache-2.0
#include "cache/http/http_date.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>

#include "conf/base/octets.h"

namespace larder {
namespace {

constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// Reads a date from left to right; after the first thing that does not fit nothing fits.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_(text) {}

  void literal(std::string_view text) {
    if (!ok_ || !equals_ignoring_case(rest_.substr(0, text.size()), text)) {
      ok_ = false;
      return;
    }
    rest_.remove_prefix(text.size());
  }

  int digits(std::size_t count) {
    int value = 0;
    if (rest_.size() < count) ok_ = false;
    for (std::size_t i = 0; ok_ && i < count; ++i) {
      ok_ = is_digit(rest_[i]);
      value = value * 10 + (rest_[i] - '0');
    }
    if (ok_) rest_.remove_prefix(count);
    return value;
  }

  /// asctime pads a day below 10 with a blank.
  int padded_day() {
    if (ok_ && !rest_.empty() && rest_.front() == ' ') {
      rest_.remove_prefix(1);
      return digits(1);
    }
    return digits(2);
  }

  int month() {
    const auto at = std::find_if(kMonths.begin(), kMonths.end(), [&](const char* name) {
      return equals_ignoring_case(rest_.substr(0, 3), name);
    });
    if (at == kMonths.end()) ok_ = false;
    if (!ok_) return 0;
    rest_.remove_prefix(3);
    return static_cast<int>(at - kMonths.begin()) + 1;
  }

  void letters() {
    std::size_t n = 0;
    while (n < rest_.size() && to_lower(rest_[n]) >= 'a' && to_lower(rest_[n]) <= 'z') ++n;
    if (n < 3) ok_ = false;
    rest_.remove_prefix(n);
  }

  bool next_is(char c) const { return !rest_.empty() && rest_.front() == c; }
  bool finished() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

struct Date {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

void read_time(DateReader& in, Date& date) {
  date.hour = in.digits(2);
  in.literal(":");
  date.minute = in.digits(2);
  in.literal(":");
  date.second = in.digits(2);
}

/// Behind "Sun, " (IMF-fixdate) or "Sunday, " (RFC 850).
void read_comma_form(DateReader& in, Date& date) {
  in.literal(", ");
  date.day = in.digits(2);
  const bool rfc850 = in.next_is('-');
  const std::string_view separator = rfc850 ? "-" : " ";
  in.literal(separator);
  date.month = in.month();
  in.literal(separator);
  date.year = in.digits(rfc850 ? 2 : 4);
  if (rfc850) date.year += date.year < 70 ? 2000 : 1900;
  in.literal(" ");
  read_time(in, date);
  in.literal(" GMT");
}

/// Behind "Sun" of asctime().
void read_asctime(DateReader& in, Date& date) {
  in.literal(" ");
  date.month = in.month();
  in.literal(" ");
  date.day = in.padded_day();
  in.literal(" ");
  read_time(in, date);
  in.literal(" ");
  date.year = in.digits(4);
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, by years that begin in March.
std::int64_t days_of(const Date& date) {
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * ((date.month + 9) % 12) + 2) / 5 + date.day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

bool is_possible(const Date& date) {
  constexpr int kDays[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return date.day >= 1 && date.day <= kDays[date.month - 1] && date.hour <= 23 &&
         date.minute <= 59 && date.second <= 60;
}

}  // namespace

std::optional<WallTime> parse_http_date(std::string_view text) {
  DateReader in(text);
  Date date;
  in.letters();
  if (in.next_is(',')) {
    read_comma_form(in, date);
  } else {
    read_asctime(in, date);
  }
  if (!in.finished() || !is_possible(date)) return std::nullopt;
  const std::int64_t seconds =
      days_of(date) * 86'400 + date.hour * 3'600 + date.minute * 60 + date.second;
  return WallTime{seconds * 1'000};
}

std::string format_http_date(WallTime at) {
  static constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed",
                                                    "Thu", "Fri", "Sat"};
  const std::time_t time = at.ms / 1'000;
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 40> text{};
  const int length = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                   kDays[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                                   kMonths[static_cast<std::size_t>(parts.tm_mon)],
                                   parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace larder
