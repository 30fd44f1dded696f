// SPDX-License-Identifier: Apache-2.0
#include "cache/request/request_fields.h"

#include "conf/base/octets.h"

namespace larder {
namespace {

/// A scope's field is a slug, an id or a token: longer ones only cost memory.
constexpr std::size_t kMaxScopeFieldBytes = 256;

/// Of the fields that may come in the query, the one that no request takes along anywhere: it is
/// only dropped.
constexpr FieldId kOnlyDropped = FieldId::management_token;

constexpr bool all_have_a_place() {
  for (const FieldRow& row : kFields) {
    const bool needs = row.has(kInQuery | kToDelivery | kToPreview | kOfScope);
    if (needs && row.id != kOnlyDropped && member_of(row.id) == nullptr) return false;
  }
  return true;
}
static_assert(all_have_a_place());

bool is_sound(std::string_view value, FieldText text) {
  if (text != FieldText::printable && value.size() > kMaxScopeFieldBytes) return false;
  return text == FieldText::id ? all_octets(value, kVisible) : !any_octet(value, kControl);
}

std::string_view decoded(std::string_view value, Decoded& scratch) {
  for (const char c : value) {
    if (c == '%' || c == '+') return scratch.decode(value);
  }
  return value;
}

/// Credentials of a website or a proxy on the way (RFC 9110 section 11), which a browser sends to
/// every path of its host. They are none of the API's, and go nowhere.
bool is_of_the_site(std::string_view authorization) {
  const std::string_view scheme = authorization.substr(0, authorization.find(' '));
  if (scheme.size() == authorization.size()) return false;
  for (const std::string_view one : {"basic", "digest", "negotiate"}) {
    if (equals_ignoring_case(scheme, one)) return true;
  }
  return false;
}

std::optional<Refusal> gather(const FieldRow& row, const Sighting& header, const Sighting& query,
                              Decoded& scratch, RequestFields& fields) {
  if (header.count + query.count == 0) return std::nullopt;
  const char* const name = row.written;
  if (header.count > 1 || query.count > 1) {
    return refuse(400, Reason::ambiguous_field,
                  "A field of the scope occurs more than once: send it once.", name);
  }
  const bool ignored = row.id == FieldId::authorization && is_of_the_site(header.value);
  const std::string_view in_header = ignored ? std::string_view{} : header.value;
  const std::string_view in_query = decoded(query.value, scratch);
  if (!in_header.empty() && !in_query.empty() && in_header != in_query) {
    return refuse(400, Reason::ambiguous_field,
                  "A field of the scope has one value in the header and another in the query.",
                  name);
  }
  const std::string_view value = in_header.empty() ? in_query : in_header;
  if (!is_sound(value, row.text)) {
    return refuse(400, Reason::ambiguous_field,
                  "A field of the scope is too long or has a forbidden character.", name);
  }
  fields.*member_of(row.id) = value;
  return std::nullopt;
}

/// A list in the header that is part of the key: once, so that its order is known.
std::optional<Refusal> gather_list(FieldId id, const HeaderSurvey& header, std::string_view& out) {
  const Sighting& sighting = header.fields[static_cast<std::size_t>(id)];
  if (sighting.count > 1) {
    return refuse(400, Reason::ambiguous_field,
                  "A list occurs in more than one field: join it with commas.", name_of(id));
  }
  for (const char c : sighting.value) {
    if (is_octet(c, kControl) && c != '\t') {
      return refuse(400, Reason::ambiguous_field, "A header field has a forbidden character.",
                    name_of(id));
    }
  }
  out = sighting.value;
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> gather_fields(const HeaderSurvey& header, const QuerySurvey& query,
                                     Decoded& scratch, RequestFields& fields) {
  if (query.bracketed) {
    return refuse(400, Reason::ambiguous_field,
                  "A field of the scope has brackets in its name: send it without.");
  }
  for (const FieldId id : fields_with<kInQuery>()) {
    if (id == kOnlyDropped) continue;
    const auto index = static_cast<std::size_t>(id);
    auto bad = gather(row_of(id), header.fields[index], query.fields[index], scratch, fields);
    if (bad) return bad;
  }
  constexpr auto kEnvironment = static_cast<std::size_t>(FieldId::environment);
  fields.environment_in_query = !query.fields[kEnvironment].value.empty();
  if (fields.branch.empty()) fields.branch = "main";
  if (auto bad = gather_list(FieldId::x_cs_variant_uid, header, fields.variant_uid)) return bad;
  if (auto bad = gather_list(FieldId::x_header_ea, header, fields.early_access)) return bad;
  // Two If-None-Match fields would have to be joined; without them the answer is right as well.
  const Sighting& condition = header.fields[static_cast<std::size_t>(FieldId::if_none_match)];
  if (condition.count == 1) fields.if_none_match = condition.value;
  fields.representation = header.representation;
  return std::nullopt;
}

}  // namespace larder
