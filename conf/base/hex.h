// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// Hex digits: the one table in each direction.
namespace larder {

inline constexpr char kUpperHex[] = "0123456789ABCDEF";
inline constexpr char kLowerHex[] = "0123456789abcdef";

namespace hex_detail {

constexpr std::array<std::int8_t, 256> make_values() {
  std::array<std::int8_t, 256> table{};
  for (auto& value : table) value = -1;
  for (std::int8_t value = 0; value < 16; ++value) {
    table[static_cast<unsigned char>(kLowerHex[value])] = value;
    table[static_cast<unsigned char>(kUpperHex[value])] = value;
  }
  return table;
}

inline constexpr auto kValues = make_values();

}  // namespace hex_detail

/// 0..15, or -1 for what is no hex digit.
constexpr int hex_value(char c) {
  return hex_detail::kValues[static_cast<unsigned char>(c)];
}

/// The octet that two hex digits at the start of `text` stand for, or -1.
constexpr int hex_octet(std::string_view text) {
  if (text.size() < 2) return -1;
  const int high = hex_value(text[0]);
  const int low = hex_value(text[1]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/// The octet that `%XX` at the start of `text` stands for, or -1.
constexpr int percent_value(std::string_view text) {
  return text.empty() || text[0] != '%' ? -1 : hex_octet(text.substr(1));
}

/// Two digits; `digits` is kLowerHex or kUpperHex.
inline void append_hex(std::string& out, unsigned char octet, const char* digits = kLowerHex) {
  out.append({digits[octet >> 4], digits[octet & 15]});
}

/// `%XX`
inline void append_percent(std::string& out, unsigned char octet) {
  out.push_back('%');
  append_hex(out, octet, kUpperHex);
}

/// All of them, in lower case.
inline std::string hex_text(std::span<const std::uint8_t> octets) {
  std::string out;
  out.reserve(2 * octets.size());
  for (const auto octet : octets) append_hex(out, octet);
  return out;
}

}  // namespace larder
