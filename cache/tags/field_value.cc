// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/field_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace larder {
namespace {

/// Seeds of the hash: part of the format of the store.
enum class Group : XXH64_hash_t { any = 1, text = 2, number = 3 };

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// `2020-01-31`, `31/1/2020`, `12:00`
bool may_be_date(std::string_view text) {
  return is_digit(text.front()) && text.find_first_of("-/:", 1) != text.npos;
}

struct Number {
  double value = 0;
  bool whole = false;    ///< the text is one
  bool too_far = false;  ///< and no double holds it
};

Number number_of(std::string_view text) {
  Number number;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number.value);
  const bool all = read.ptr == text.data() + text.size();
  number.whole = all && read.ec == std::errc{};
  number.too_far = all && read.ec == std::errc::result_out_of_range;
  return number;
}

FieldValue hash_of(std::string_view field, Group group, std::string_view value) {
  std::string text(field);
  text.append(1, '\0').append(value);
  return {XXH3_64bits_withSeed(text.data(), text.size(), static_cast<XXH64_hash_t>(group))};
}

}  // namespace

bool is_comparable(std::string_view value) {
  const std::string_view text = trimmed(value);
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  return !text.empty() && value.size() <= kMostValueBytes && !may_be_date(text) &&
         std::all_of(text.begin(), text.end(), is_ascii) && !number_of(text).too_far;
}

FieldValue field_value(std::string_view field, std::string_view value) {
  if (!is_comparable(value)) return any_value(field);
  const std::string_view text = trimmed(value);
  const Number read = number_of(text);
  if (read.whole) {
    const double number = read.value + 0.0;  // no negative zero
    std::array<char, sizeof number> octets{};
    std::memcpy(octets.data(), &number, sizeof number);
    return hash_of(field, Group::number, {octets.data(), octets.size()});
  }
  std::string folded(text);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return hash_of(field, Group::text, folded);
}

FieldValue field_value(std::string_view field, JsonLiteral value) {
  if (value == JsonLiteral::null) return any_value(field);
  return field_value(field, value == JsonLiteral::true_value ? "true" : "false");
}

FieldValue any_value(std::string_view field) {
  return hash_of(field, Group::any, {});
}

}  // namespace larder
