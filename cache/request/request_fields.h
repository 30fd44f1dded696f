// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "cache/request/request_rules.h"

namespace larder {

namespace request_fields_detail {
using Member = std::string_view RequestFields::*;

constexpr auto kMembers = [] {
  std::array<Member, kReadFieldCount> members{};
  const auto put = [&](FieldId id, Member member) {
    members[static_cast<std::size_t>(id)] = member;
  };
  put(FieldId::api_key, &RequestFields::api_key);
  put(FieldId::access_token, &RequestFields::access_token);
  put(FieldId::environment, &RequestFields::environment);
  put(FieldId::branch, &RequestFields::branch);
  put(FieldId::preview_token, &RequestFields::preview_token);
  put(FieldId::live_preview, &RequestFields::live_preview);
  put(FieldId::release_id, &RequestFields::release_id);
  put(FieldId::preview_timestamp, &RequestFields::preview_timestamp);
  put(FieldId::authorization, &RequestFields::authorization);
  put(FieldId::authtoken, &RequestFields::authtoken);
  put(FieldId::x_cs_variant_uid, &RequestFields::variant_uid);
  put(FieldId::x_header_ea, &RequestFields::early_access);
  put(FieldId::if_none_match, &RequestFields::if_none_match);
  return members;
}();
}  // namespace request_fields_detail

/// Where RequestFields keeps the value of a field; null = it does not.
constexpr std::string_view RequestFields::*member_of(FieldId id) {
  const auto index = static_cast<std::size_t>(id);
  return index < kReadFieldCount ? request_fields_detail::kMembers[index] : nullptr;
}

/// Fills the fields that come from header and query: each at most once in either place, equal when
/// in both (an empty one counts as absent), of sane length and octets. `path`, `query`, `route`
/// and `kind` are not touched.
std::optional<Refusal> gather_fields(const HeaderSurvey& header, const QuerySurvey& query,
                                     Decoded& scratch, RequestFields& fields);

}  // namespace larder
