// SPDX-License-Identifier: Apache-2.0
#include "cache/request/field_name.h"

#include <array>

#include "cache/request/classify.h"
#include "conf/base/octets.h"

namespace larder {
namespace {

constexpr std::array<std::string_view, kFieldCount> kNames = {
    "host",
    "branch",
    "expect",
    "api_key",
    "cdn_loop",
    "authtoken",
    "release_id",
    "environment",
    "x_header_ea",
    "access_token",
    "live_preview",
    "x_user_agent",
    "preview_token",
    "authorization",
    "if_none_match",
    "content_length",
    "accept_encoding",
    "management_token",
    "x_cs_variant_uid",
    "preview_timestamp",
    "transfer_encoding",
};

constexpr std::array<const char*, kFieldCount> kWrittenNames = {
    "Host",
    "branch",
    "Expect",
    "api_key",
    "CDN-Loop",
    "authtoken",
    "release_id",
    "environment",
    "x-header-ea",
    "access_token",
    "live_preview",
    "X-User-Agent",
    "preview_token",
    "authorization",
    "If-None-Match",
    "Content-Length",
    "Accept-Encoding",
    "management_token",
    "x-cs-variant-uid",
    "preview_timestamp",
    "Transfer-Encoding",
};

constexpr std::size_t kLongestName = kNames.back().size();

/// kFirst[n] .. kFirst[n + 1]: the names of n octets.
constexpr auto kFirst = [] {
  std::array<std::uint8_t, kLongestName + 2> first{};
  for (std::size_t length = 0; length < first.size(); ++length) {
    std::size_t i = 0;
    while (i < kFieldCount && kNames[i].size() < length) ++i;
    first[length] = static_cast<std::uint8_t>(i);
  }
  return first;
}();

constexpr bool ordered_by_length() {
  for (std::size_t i = 1; i < kFieldCount; ++i) {
    if (kNames[i].size() < kNames[i - 1].size()) return false;
  }
  return true;
}
static_assert(ordered_by_length());

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
  for (std::size_t id = kFirst[name.size()]; id < kFirst[name.size() + 1]; ++id) {
    const std::string_view known = kNames[id];
    if (known[0] != first) continue;
    std::size_t i = 1;
    while (i < name.size() && folded(name[i]) == known[i]) ++i;
    if (i == name.size()) return static_cast<FieldId>(id);
  }
  return FieldId::none;
}

const char* name_of(FieldId id) {
  return kWrittenNames[static_cast<std::size_t>(id)];
}

bool may_come_in_query(FieldId id) {
  switch (id) {
    case FieldId::branch:
    case FieldId::api_key:
    case FieldId::authtoken:
    case FieldId::release_id:
    case FieldId::environment:
    case FieldId::access_token:
    case FieldId::live_preview:
    case FieldId::preview_token:
    case FieldId::authorization:
    case FieldId::management_token:
    case FieldId::preview_timestamp:
      return true;
    default:
      return false;
  }
}

}  // namespace larder
