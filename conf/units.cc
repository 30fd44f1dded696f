// SPDX-License-Identifier: Apache-2.0
#include "conf/units.h"

#include <charconv>
#include <limits>
#include <span>

namespace larder {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// From the smallest to the largest, for the texts that are made from them.
constexpr Unit kDurations[] = {
    {"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000},
};
constexpr Unit kSizes[] = {
    {"", 1}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}, {"TiB", 1ull << 40},
};
constexpr Unit kMoreSizes[] = {
    {"B", 1},          {"kB", 1'000},         {"KB", 1'000},
    {"MB", 1'000'000}, {"GB", 1'000'000'000}, {"TB", 1'000'000'000'000},
};

std::optional<std::uint64_t> parse_with(std::string_view text, std::span<const Unit> units) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : units) {
    if (unit.name != text) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

std::string text_with(std::uint64_t number, std::span<const Unit> units) {
  const Unit* best = &units[0];
  for (const Unit& unit : units) {
    if (number != 0 && number % unit.factor == 0) best = &unit;
  }
  return std::to_string(number / best->factor).append(best->name);
}

}  // namespace

std::optional<Milliseconds> parse_duration(std::string_view text) {
  const auto number = parse_with(text, kDurations);
  if (!number) return std::nullopt;
  return static_cast<Milliseconds>(*number);
}

std::optional<Bytes> parse_size(std::string_view text) {
  const auto number = parse_with(text, kSizes);
  return number ? number : parse_with(text, kMoreSizes);
}

std::string duration_text(Milliseconds duration) {
  if (duration == 0) return "0s";
  return text_with(static_cast<std::uint64_t>(duration), kDurations);
}

std::string size_text(Bytes size) {
  return text_with(size, kSizes);
}

}  // namespace larder
