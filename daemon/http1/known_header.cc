// SPDX-License-Identifier: Apache-2.0
#include "daemon/http1/known_header.h"

#include <algorithm>
#include <string>

#include "conf/base/field_table.h"
#include "conf/base/octets.h"

namespace larder {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

/// Each field in a line of its own, each line ended by CRLF: what match() relies on.
bool is_plain(std::string_view block, std::size_t fields) {
  const auto lines = static_cast<std::ptrdiff_t>(fields) + 1;  // the blank one
  return block.ends_with("\r\n\r\n") && std::count(block.begin(), block.end(), '\r') == lines &&
         std::count(block.begin(), block.end(), '\n') == lines;
}

/// Where the value at `at` ends, if its octets are those of RFC 9110 section 5.5 and a CR follows;
/// else npos.
std::size_t end_of_value(std::string_view text, std::size_t at) {
  while (at < text.size() && (!is_octet(text[at], kControl) || text[at] == '\t')) ++at;
  return at < text.size() && text[at] == '\r' ? at : std::string_view::npos;
}

/// The place of a value that somebody is told, moved along with what lies before it. `compared` of
/// the known block is `at` in the one that is compared.
void move_place(KnownHeader::Span& told, const KnownHeader::Span& known, std::size_t compared,
                std::size_t at) {
  if (compared <= known.begin) told.begin = known.begin - compared + at;
}

}  // namespace

bool is_trace_parent(std::string_view name) {
  constexpr std::string_view kName = "traceparent";
  return name.size() == kName.size() && equals_ignoring_case(name, kName);
}

bool is_request_id(std::string_view name) {
  constexpr std::string_view kName = "x-request-id";
  return name.size() == kName.size() && equals_ignoring_case(name, kName);
}

bool is_read(std::string_view name, const UpstreamConfig& upstream) {
  const FieldId id = field_of(name);
  if (id != FieldId::none && row_of(id).has(kRead | kHop)) return true;
  const auto listed = [name](const std::vector<std::string>& names) {
    return std::any_of(names.begin(), names.end(),
                       [name](const std::string& one) { return is_same_field(one, name); });
  };
  return listed(upstream.forward_headers) || listed(upstream.forward_headers_unkeyed);
}

void KnownHeader::forget() {
  id_ = 0;
  bytes_ = Secret();
  free_.clear();
  told_ = {};
  fields_.clear();
  survey_ = {};
}

bool KnownHeader::learn(std::string_view block, std::span<const HeaderView> fields, bool must_close,
                        std::uint64_t id, const Config& config) {
  const auto bound = std::min<std::size_t>(kMaxBytes, config.server.max_header_bytes);
  if (block.size() + kSizeMargin > bound || !is_plain(block, fields.size())) return false;
  RequestView whole;
  whole.headers = fields;
  HeaderSurvey survey;
  if (survey_header(whole, config.server, survey)) return false;
  forget();
  bytes_ = Secret(std::string(block));
  const std::string_view own = bytes_.reveal();
  const auto moved = [&](std::string_view text) {
    return text.empty()
               ? std::string_view{}
               : own.substr(static_cast<std::size_t>(text.data() - block.data()), text.size());
  };
  const bool tells = std::any_of(fields.begin(), fields.end(), [](const HeaderView& field) {
    return is_request_id(field.name) || is_trace_parent(field.name);
  });
  unsigned trace_parents = 0;
  for (const HeaderView& field : fields) {
    const auto name_end =
        static_cast<std::size_t>(field.name.data() - block.data()) + field.name.size();
    const Span value{name_end + 1, own.find(kLineEnd, name_end) - name_end - 1};
    if (told_.request_id.length == 0 && is_request_id(field.name)) told_.request_id = value;
    if (is_trace_parent(field.name)) told_.trace_parent = ++trace_parents == 1 ? value : Span{};
    // What is told is held against the credentials (gives_away_credential()).
    if (is_read(field.name, config.upstream) || (tells && is_credential(field.name))) {
      fields_.push_back({moved(field.name), moved(field.value)});
      continue;
    }
    free_.push_back(value);
  }
  for (Sighting& sighting : survey.fields) sighting.value = moved(sighting.value);
  survey_ = survey;
  max_bytes_ = bound;
  must_close_ = must_close;
  id_ = id;
  return true;
}

std::size_t KnownHeader::match(std::string_view rest, Told& told) const {
  if (id_ == 0) return 0;
  const std::string_view known = bytes_.reveal();
  told = told_;
  if (rest.starts_with(known)) return known.size();
  std::size_t at = 0;        // in `rest`
  std::size_t compared = 0;  // in `known`
  for (const Span& value : free_) {
    const auto before = known.substr(compared, value.begin - compared);
    if (!rest.substr(at).starts_with(before)) return 0;
    // Of one that somebody reads the value is the same, and only its place may be another.
    move_place(told.request_id, told_.request_id, compared, at);
    move_place(told.trace_parent, told_.trace_parent, compared, at);
    at += before.size();
    const bool same =
        rest.substr(at).starts_with(known.substr(value.begin, value.length + kLineEnd.size()));
    const std::size_t end = same ? at + value.length : end_of_value(rest, at);
    if (end == std::string_view::npos) return 0;
    if (value.begin == told_.request_id.begin) told.request_id.length = end - at;
    if (value.begin == told_.trace_parent.begin) told.trace_parent.length = end - at;
    at = end;
    compared = value.begin + value.length;
  }
  if (!rest.substr(at).starts_with(known.substr(compared))) return 0;
  move_place(told.request_id, told_.request_id, compared, at);
  move_place(told.trace_parent, told_.trace_parent, compared, at);
  at += known.size() - compared;
  return at + kSizeMargin <= max_bytes_ ? at : 0;
}

}  // namespace larder
