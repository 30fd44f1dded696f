// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "cache/body/json_events.h"

namespace larder {

/// A field of an entry together with its value: a hash (XXH3-64, the same on every machine, since
/// tags are made of it). Values that a filter by equality might take for the same are the same:
/// case, blanks around, and how a number is written do not count.
struct FieldValue {
  std::uint64_t hash = 0;
  friend bool operator==(const FieldValue&, const FieldValue&) = default;
};

/// Of strings and numbers. Larger ones cannot be compared.
inline constexpr std::size_t kMostValueBytes = 128;

/// Can it be told by the octets which filters a string or number passes? Not of what may be a date,
/// which is written in many ways, nor of other alphabets, nor of what is empty or too long.
bool is_comparable(std::string_view value);

/// any_value() of what is not comparable.
FieldValue field_value(std::string_view field, std::string_view value);
FieldValue field_value(std::string_view field, JsonLiteral value);
/// Of a field whose value is not known.
FieldValue any_value(std::string_view field);

}  // namespace larder
