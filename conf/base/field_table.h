// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// The one table of request fields that mean something to larder or to HTTP. Every check that needs
/// to know a field by its name asks this table: rules, query, canonical form, scope, origin
/// requests, redaction, the configuration's lists of headers, and the memo of header blocks.
namespace larder {

/// First those with FieldTrait::kRead, then those of the connection, then the others.
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
  preview_token,
  authorization,
  if_none_match,
  content_length,
  accept_encoding,
  management_token,
  x_cs_variant_uid,
  preview_timestamp,
  transfer_encoding,
  connection,
  keep_alive,
  proxy_connection,
  te,
  trailer,
  upgrade,
  accept,
  access_control_request_headers,
  access_control_request_method,
  cache_control,
  content_encoding,
  content_type,
  cookie,
  forwarded,
  http2_settings,
  if_match,
  if_modified_since,
  if_range,
  if_unmodified_since,
  origin,
  proxy_authorization,
  range,
  user_agent,
  via,
  x_user_agent,
  none,
};
inline constexpr std::size_t kFieldCount = static_cast<std::size_t>(FieldId::none);

enum FieldTrait : std::uint16_t {
  kRead = 1,         ///< its value changes what larder answers or asks for
  kHop = 2,          ///< framing, or of the connection: the HTTP parser acts on it
  kInQuery = 4,      ///< may also come in the query, and is taken out of the canonical one
  kCredential = 8,   ///< its value must appear nowhere
  kOfScope = 16,     ///< two requests that differ in it share no answer
  kTimeline = 32,    ///< selects a release or a moment
  kToDelivery = 64,  ///< a passed request takes it along as a header
  kToPreview = 128,  ///< a preview takes it along as a header
};

/// What a value must look like where larder uses it.
enum class FieldText : std::uint8_t {
  any,        ///< nobody's concern, or checked by a rule of its own
  id,         ///< visible ASCII, short
  name,       ///< no control characters, short
  printable,  ///< no control characters
};

struct FieldRow {
  FieldId id;
  std::string_view name;  ///< lower case, `_` for `-`
  const char* written;    ///< as it is sent
  std::uint16_t traits;
  FieldText text;
  constexpr bool has(unsigned trait) const { return (traits & trait) != 0; }
};

inline constexpr std::array<FieldRow, kFieldCount> kFields{{
    {FieldId::host, "host", "Host", kRead, FieldText::any},
    {FieldId::branch, "branch", "branch", kRead | kInQuery | kOfScope | kToDelivery | kToPreview,
     FieldText::id},
    {FieldId::expect, "expect", "Expect", kRead | kHop, FieldText::any},
    {FieldId::api_key, "api_key", "api_key", kRead | kInQuery | kOfScope | kToDelivery | kToPreview,
     FieldText::id},
    {FieldId::cdn_loop, "cdn_loop", "CDN-Loop", kRead, FieldText::any},
    {FieldId::authtoken, "authtoken", "authtoken",
     kRead | kInQuery | kCredential | kToDelivery | kToPreview, FieldText::printable},
    {FieldId::release_id, "release_id", "release_id",
     kRead | kInQuery | kTimeline | kToDelivery | kToPreview, FieldText::printable},
    {FieldId::environment, "environment", "environment",
     kRead | kInQuery | kOfScope | kToDelivery | kToPreview, FieldText::name},
    {FieldId::x_header_ea, "x_header_ea", "x-header-ea", kRead | kToDelivery | kToPreview,
     FieldText::printable},
    {FieldId::access_token, "access_token", "access_token",
     kRead | kInQuery | kCredential | kOfScope | kToDelivery | kToPreview, FieldText::id},
    {FieldId::live_preview, "live_preview", "live_preview",
     kRead | kInQuery | kCredential | kToPreview, FieldText::printable},
    {FieldId::preview_token, "preview_token", "preview_token",
     kRead | kInQuery | kCredential | kToPreview, FieldText::id},
    {FieldId::authorization, "authorization", "authorization",
     kRead | kInQuery | kCredential | kToDelivery | kToPreview, FieldText::printable},
    {FieldId::if_none_match, "if_none_match", "If-None-Match", kRead, FieldText::any},
    {FieldId::content_length, "content_length", "Content-Length", kRead | kHop, FieldText::any},
    {FieldId::accept_encoding, "accept_encoding", "Accept-Encoding", kRead, FieldText::any},
    {FieldId::management_token, "management_token", "management_token",
     kRead | kInQuery | kCredential, FieldText::any},
    {FieldId::x_cs_variant_uid, "x_cs_variant_uid", "x-cs-variant-uid",
     kRead | kToDelivery | kToPreview, FieldText::printable},
    {FieldId::preview_timestamp, "preview_timestamp", "preview_timestamp",
     kRead | kInQuery | kTimeline | kToDelivery | kToPreview, FieldText::printable},
    {FieldId::transfer_encoding, "transfer_encoding", "Transfer-Encoding", kRead | kHop,
     FieldText::any},
    {FieldId::connection, "connection", "Connection", kHop, FieldText::any},
    {FieldId::keep_alive, "keep_alive", "Keep-Alive", kHop, FieldText::any},
    {FieldId::proxy_connection, "proxy_connection", "Proxy-Connection", kHop, FieldText::any},
    {FieldId::te, "te", "TE", kHop, FieldText::any},
    {FieldId::trailer, "trailer", "Trailer", kHop, FieldText::any},
    {FieldId::upgrade, "upgrade", "Upgrade", kHop, FieldText::any},
    {FieldId::accept, "accept", "Accept", 0, FieldText::any},
    {FieldId::access_control_request_headers, "access_control_request_headers",
     "Access-Control-Request-Headers", 0, FieldText::any},
    {FieldId::access_control_request_method, "access_control_request_method",
     "Access-Control-Request-Method", 0, FieldText::any},
    {FieldId::cache_control, "cache_control", "Cache-Control", 0, FieldText::any},
    {FieldId::content_encoding, "content_encoding", "Content-Encoding", 0, FieldText::any},
    {FieldId::content_type, "content_type", "Content-Type", 0, FieldText::any},
    {FieldId::cookie, "cookie", "Cookie", kCredential, FieldText::any},
    {FieldId::forwarded, "forwarded", "Forwarded", 0, FieldText::any},
    {FieldId::http2_settings, "http2_settings", "HTTP2-Settings", 0, FieldText::any},
    {FieldId::if_match, "if_match", "If-Match", 0, FieldText::any},
    {FieldId::if_modified_since, "if_modified_since", "If-Modified-Since", 0, FieldText::any},
    {FieldId::if_range, "if_range", "If-Range", 0, FieldText::any},
    {FieldId::if_unmodified_since, "if_unmodified_since", "If-Unmodified-Since", 0, FieldText::any},
    {FieldId::origin, "origin", "Origin", 0, FieldText::any},
    {FieldId::proxy_authorization, "proxy_authorization", "Proxy-Authorization", kCredential,
     FieldText::any},
    {FieldId::range, "range", "Range", 0, FieldText::any},
    {FieldId::user_agent, "user_agent", "User-Agent", 0, FieldText::any},
    {FieldId::via, "via", "Via", 0, FieldText::any},
    {FieldId::x_user_agent, "x_user_agent", "X-User-Agent", 0, FieldText::any},
}};

/// A further name of a field: as SDKs call it in their own options, so that people send it. The API
/// takes no notice of it, but what stands behind it is a credential all the same.
struct FieldAlias {
  std::string_view name;  ///< lower case
  FieldId id;
};
inline constexpr std::array<FieldAlias, 5> kFieldAliases{{
    {"accesstoken", FieldId::access_token},
    {"deliverytoken", FieldId::access_token},
    {"previewtoken", FieldId::preview_token},
    {"livepreview", FieldId::live_preview},
    {"managementtoken", FieldId::management_token},
}};

constexpr const FieldRow& row_of(FieldId id) {
  return kFields[static_cast<std::size_t>(id)];
}

/// The rows with any of these traits, in the table's order.
template <unsigned traits>
constexpr auto fields_with() {
  constexpr std::size_t kCount = [] {
    std::size_t found = 0;
    for (const FieldRow& row : kFields) found += row.has(traits) ? 1 : 0;
    return found;
  }();
  std::array<FieldId, kCount> ids{};
  std::size_t at = 0;
  for (const FieldRow& row : kFields) {
    if (row.has(traits)) ids[at++] = row.id;
  }
  return ids;
}

/// The fields that larder reads have the first ids.
inline constexpr std::size_t kReadFieldCount = fields_with<kRead>().size();

namespace field_table_detail {
constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (kFields[i].id != static_cast<FieldId>(i)) return false;
    if (kFields[i].has(kRead) != (i < kReadFieldCount)) return false;
  }
  return true;
}
static_assert(is_in_order());
}  // namespace field_table_detail

/// By name, over case and over `-` and `_`: proxies and CGI-like layers do not tell these apart.
FieldId field_of(std::string_view name);

/// The same, aliases included.
FieldId field_or_alias_of(std::string_view name);

/// Is a value under this name, or an alias of it, a credential: one that must appear nowhere?
inline bool is_credential(FieldId id) {
  return id != FieldId::none && row_of(id).has(kCredential);
}
inline bool is_credential(std::string_view name) {
  return is_credential(field_or_alias_of(name));
}

/// Are these the same field name, over case and over `-` and `_`?
bool is_same_field(std::string_view a, std::string_view b);

/// May an operator have larder forward this header? No name of the table, no alias of one, and
/// nothing that begins with `proxy-`.
bool is_forwardable(std::string_view name);

/// The name as it is sent, static and zero-terminated.
inline const char* name_of(FieldId id) {
  return row_of(id).written;
}

}  // namespace larder
