// SPDX-License-Identifier: Apache-2.0
#include "cache/http/conditional.h"

#include <algorithm>

#include "conf/base/check.h"
#include "conf/base/octets.h"

namespace larder {
namespace {

/// etagc of RFC 9110 section 8.8.3.
bool is_tag_char(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return octet == 0x21 || (octet >= 0x23 && octet != 0x7f);
}

/// Takes one entity tag off the front, without its `W/`; empty = there is none.
std::string_view take_tag(std::string_view& list) {
  if (list.substr(0, 2) == "W/") list.remove_prefix(2);
  if (list.empty() || list.front() != '"') return {};
  std::size_t end = 1;
  while (end < list.size() && is_tag_char(list[end])) ++end;
  if (end == list.size() || list[end] != '"') return {};
  const std::string_view tag = list.substr(0, end + 1);
  list.remove_prefix(end + 1);
  return tag;
}

void skip(std::string_view& list, std::string_view octets) {
  list.remove_prefix(std::min(list.find_first_not_of(octets), list.size()));
}

}  // namespace

bool none_match_hits(std::string_view if_none_match, std::string_view quoted_tag) {
  std::string_view list = trim(if_none_match);
  if (list == "*") return true;
  bool hit = false;
  skip(list, ", \t");  // empty elements are legal (RFC 9110 section 5.6.1.2)
  while (!list.empty()) {
    const std::string_view tag = take_tag(list);
    if (tag.empty()) return false;
    hit = hit || tag == quoted_tag;
    skip(list, " \t");
    if (!list.empty() && list.front() != ',') return false;
    skip(list, ", \t");
  }
  return hit;
}

}  // namespace larder
