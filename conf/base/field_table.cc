// SPDX-License-Identifier: Apache-2.0
#include "conf/base/field_table.h"

#include "conf/base/octets.h"

namespace larder {
namespace {

constexpr std::size_t kLongestName = [] {
  std::size_t longest = 0;
  for (const FieldRow& row : kFields)
    longest = row.name.size() > longest ? row.name.size() : longest;
  return longest;
}();

/// Field ids by the length of their names: `order[first[n]]` to `order[first[n + 1] - 1]` have n
/// octets.
struct ByLength {
  std::array<FieldId, kFieldCount> order{};
  std::array<std::uint8_t, kLongestName + 2> first{};
};
constexpr ByLength kByLength = [] {
  ByLength made;
  std::size_t at = 0;
  for (std::size_t length = 0; length <= kLongestName; ++length) {
    made.first[length] = static_cast<std::uint8_t>(at);
    for (const FieldRow& row : kFields) {
      if (row.name.size() == length) made.order[at++] = row.id;
    }
  }
  made.first[kLongestName + 1] = static_cast<std::uint8_t>(at);
  return made;
}();

constexpr auto kFold = [] {
  std::array<char, 256> fold{};
  for (int c = 0; c < 256; ++c) {
    fold[static_cast<std::size_t>(c)] = c == '-' ? '_' : to_lower(static_cast<char>(c));
  }
  return fold;
}();

constexpr char folded(char c) {
  return kFold[static_cast<unsigned char>(c)];
}

}  // namespace

FieldId field_of(std::string_view name) {
  if (name.empty() || name.size() > kLongestName) return FieldId::none;
  const char first = folded(name[0]);
  for (std::size_t at = kByLength.first[name.size()]; at < kByLength.first[name.size() + 1]; ++at) {
    const std::string_view known = row_of(kByLength.order[at]).name;
    if (known[0] != first) continue;
    std::size_t i = 1;
    while (i < name.size() && folded(name[i]) == known[i]) ++i;
    if (i == name.size()) return kByLength.order[at];
  }
  return FieldId::none;
}

FieldId field_or_alias_of(std::string_view name) {
  const FieldId id = field_of(name);
  if (id != FieldId::none) return id;
  for (const FieldAlias& alias : kFieldAliases) {
    if (equals_ignoring_case(name, alias.name)) return alias.id;
  }
  return FieldId::none;
}

bool is_same_field(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (folded(a[i]) != folded(b[i])) return false;
  }
  return true;
}

bool is_forwardable(std::string_view name) {
  constexpr std::string_view kProxy = "proxy_";
  return field_or_alias_of(name) == FieldId::none &&
         !is_same_field(name.substr(0, kProxy.size()), kProxy);
}

}  // namespace larder
