// SPDX-License-Identifier: Apache-2.0
#include "cache/request/query_string.h"

#include <array>

#include "conf/base/octets.h"

namespace larder {
namespace {

/// Room for the longest known name and its bracket.
constexpr std::size_t kNameRoom = 24;

/// The start of the decoded name, as far as a known name can reach.
std::string_view decoded_start(std::string_view encoded, std::array<char, kNameRoom>& room) {
  std::size_t length = 0;
  while (!encoded.empty() && length < room.size()) {
    const int escaped = percent_value(encoded);
    room[length++] = escaped >= 0 ? static_cast<char>(escaped) : encoded.front();
    encoded.remove_prefix(escaped >= 0 ? 3 : 1);
  }
  return {room.data(), length};
}

/// Does `visit(name)` for all names that may come in the query.
template <class Visit>
constexpr void for_each_query_name(Visit visit) {
  for (const FieldRow& row : kFields) {
    if (row.has(kInQuery)) visit(row.name);
  }
  for (const FieldAlias& alias : kFieldAliases) visit(alias.name);
}

/// Sorts out most names at once: true where a name that may come in the query can start.
constexpr auto kMayStart = [] {
  std::array<bool, 256> may_start{};
  may_start['%'] = true;
  for_each_query_name([&](std::string_view name) {
    may_start[static_cast<unsigned char>(name[0])] = true;
    may_start[static_cast<unsigned char>(name[0] - 'a' + 'A')] = true;
  });
  return may_start;
}();

constexpr std::size_t kShortestName = [] {
  std::size_t shortest = kNameRoom;
  for_each_query_name(
      [&](std::string_view name) { shortest = name.size() < shortest ? name.size() : shortest; });
  return shortest;
}();

constexpr bool all_have_room() {
  bool room = true;
  for_each_query_name([&](std::string_view name) { room = room && name.size() < kNameRoom; });
  return room;
}
static_assert(all_have_room());

}  // namespace

bool take_pair(std::string_view& query, QueryPair& pair) {
  while (!query.empty() && query.front() == '&') query.remove_prefix(1);
  if (query.empty()) return false;
  const std::size_t end = query.find('&');
  const std::string_view text = query.substr(0, end);
  query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
  const std::size_t equals = text.find('=');
  pair.name = text.substr(0, equals);
  pair.value = equals == std::string_view::npos ? std::string_view{} : text.substr(equals + 1);
  return true;
}

char* percent_decode(std::string_view encoded, char* out) {
  const char* in = encoded.data();
  const char* const end = in + encoded.size();
  while (in != end) {
    char c = *in++;
    if (c == '+') {
      c = ' ';
    } else if (c == '%' && end - in >= 2) {
      const int octet = hex_octet({in, 2});
      if (octet >= 0) {
        c = static_cast<char>(octet);
        in += 2;
      }
    }
    *out++ = c;
  }
  return out;
}

std::string percent_decoded(std::string_view encoded) {
  std::string text(encoded.size(), '\0');
  text.resize(static_cast<std::size_t>(percent_decode(encoded, text.data()) - text.data()));
  return text;
}

char* percent_encode(std::string_view text, char* out) {
  for (const char c : text) {
    if (is_octet(c, kUnreserved)) {
      *out++ = c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    *out++ = '%';
    *out++ = kUpperHex[octet >> 4];
    *out++ = kUpperHex[octet & 15];
  }
  return out;
}

QueryName query_name(std::string_view encoded) {
  if (encoded.size() < kShortestName || !kMayStart[static_cast<unsigned char>(encoded[0])]) {
    return {};
  }
  std::array<char, kNameRoom> room;
  std::string_view name = encoded;
  if (name.find('%') != std::string_view::npos) name = decoded_start(encoded, room);
  const std::size_t bracket = name.find('[');
  QueryName result;
  result.id = field_or_alias_of(name.substr(0, bracket));
  result.bracketed = bracket != std::string_view::npos;
  if (result.id != FieldId::none && !row_of(result.id).has(kInQuery)) result.id = FieldId::none;
  return result;
}

void append_canonical_path(std::string_view path, std::string& out) {
  if (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  std::size_t plain_until = path.find('%');
  while (plain_until != std::string_view::npos) {
    out.append(path.substr(0, plain_until));
    path.remove_prefix(plain_until);
    const int octet = percent_value(path);
    if (octet >= 0 && is_octet(static_cast<char>(octet), kUnreserved)) {
      out.push_back(static_cast<char>(octet));
      path.remove_prefix(3);
    } else if (octet >= 0) {
      append_percent(out, static_cast<unsigned char>(octet));
      path.remove_prefix(3);
    } else {
      out.push_back('%');
      path.remove_prefix(1);
    }
    plain_until = path.find('%');
  }
  out.append(path);
}

}  // namespace larder
