// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

/// The request fields that have a meaning to larder, found by name.
namespace larder {

/// Ordered by the length of the name: field_of() relies on it.
enum class FieldId : std::uint8_t {
  host,
  branch,
  expect,
  api_key,
  cdn_loop,
  authtoken,
  release_id,
  environment,
  x_header_ea,
  access_token,
  live_preview,
  x_user_agent,
  preview_token,
  authorization,
  if_none_match,
  content_length,
  accept_encoding,
  management_token,
  x_cs_variant_uid,
  preview_timestamp,
  transfer_encoding,
  none,
};
inline constexpr std::size_t kFieldCount = static_cast<std::size_t>(FieldId::none);

/// By name, over case and over `-` and `_`: proxies and CGI-like layers do not tell these apart.
FieldId field_of(std::string_view name);

/// The name as Contentstack writes it, static and zero-terminated.
const char* name_of(FieldId id);

/// True for what may also come in the query, and then is taken out of it.
bool may_come_in_query(FieldId id);

}  // namespace larder
