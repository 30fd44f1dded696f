// SPDX-License-Identifier: Apache-2.0
#include "bench/run/amounts.h"

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace larder::bench {
namespace {

struct Amount {
  double number = 0;
  std::string_view unit;
};

/// A number that is not negative, and what stands behind it.
std::optional<Amount> split(std::string_view text) {
  Amount amount;
  const char* const end = text.data() + text.size();
  const auto [at, problem] =
      std::from_chars(text.data(), end, amount.number, std::chars_format::fixed);
  if (problem != std::errc() || !std::isfinite(amount.number) || text.front() == '-') return {};
  amount.unit = text.substr(static_cast<std::size_t>(at - text.data()));
  return amount;
}

bool is_one_of(std::string_view unit, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (unit == name) return true;
  }
  return false;
}

std::optional<std::uint64_t> whole(double number) {
  if (number > 9e15 || number != std::floor(number)) return std::nullopt;
  return static_cast<std::uint64_t>(number);
}

}  // namespace

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  const auto amount = split(text);
  if (!amount) return std::nullopt;
  constexpr double kilo = 1024;
  if (is_one_of(amount->unit, {"", "B"})) return whole(amount->number);
  if (is_one_of(amount->unit, {"K", "k", "KB", "KiB"})) return whole(amount->number * kilo);
  if (is_one_of(amount->unit, {"M", "MB", "MiB"})) return whole(amount->number * kilo * kilo);
  if (is_one_of(amount->unit, {"G", "GB", "GiB"}))
    return whole(amount->number * kilo * kilo * kilo);
  return std::nullopt;
}

std::optional<std::uint64_t> parse_milliseconds(std::string_view text) {
  const auto amount = split(text);
  if (!amount) return std::nullopt;
  if (is_one_of(amount->unit, {"", "ms"})) return whole(amount->number);
  if (amount->unit == "s") return whole(amount->number * 1e3);
  return std::nullopt;
}

std::optional<double> parse_rate(std::string_view text) {
  if (text == "max") return 0;
  const auto amount = split(text);
  if (!amount || amount->number <= 0) return std::nullopt;
  if (amount->unit.empty()) return amount->number;
  if (is_one_of(amount->unit, {"k", "K"})) return amount->number * 1e3;
  return std::nullopt;
}

CLI::Validator as_bytes(std::uint64_t least, std::uint64_t most) {
  const auto check = [least, most](std::string& text) -> std::string {
    const auto bytes = parse_bytes(text);
    if (!bytes) return "'" + text + "' is no size: write 1024, 1K, 10M or 2G";
    if (*bytes < least || *bytes > most) {
      return "'" + text + "' is not within " + bytes_text(least) + " and " + bytes_text(most);
    }
    text = std::to_string(*bytes);
    return {};
  };
  return {check, "SIZE"};
}

CLI::Validator as_milliseconds() {
  const auto check = [](std::string& text) -> std::string {
    const auto time = parse_milliseconds(text);
    if (!time) return "'" + text + "' is no time: write 5ms or 2s";
    text = std::to_string(*time);
    return {};
  };
  return {check, "TIME"};
}

CLI::Validator as_rate() {
  const auto check = [](std::string& text) -> std::string {
    const auto rate = parse_rate(text);
    if (!rate) return "'" + text + "' is no rate: write requests a second as 5000 or 5k, or max";
    text = std::to_string(*rate);
    return {};
  };
  return {check, "RATE"};
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array units{" bytes", " KiB", " MiB", " GiB", " TiB", " PiB"};
  auto number = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; number >= 1'000 && unit + 1 < units.size(); ++unit) number /= 1'024;
  const bool whole = number == std::floor(number);
  const int digits = whole || number >= 100 ? 0 : number >= 10 ? 1 : 2;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, number);
  return std::string(text.data()) + units[unit];
}

}  // namespace larder::bench
