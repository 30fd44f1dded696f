// SPDX-License-Identifier: Apache-2.0
#include "cache/request/classify.h"

#include "cache/request/path_kind.h"
#include "cache/request/query_string.h"
#include "cache/request/request_fields.h"
#include "cache/request/request_rules.h"

namespace larder {

struct Decoded::LastHeader {
  std::uint64_t id = 0;
  HeaderSurvey survey;
};

namespace {

/// Live preview sends these where no editor's session is open.
bool is_session(std::string_view live_preview) {
  return !live_preview.empty() && live_preview != "init";
}

bool has_timeline(const RequestFields& fields) {
  return !fields.preview_timestamp.empty() || !fields.release_id.empty();
}

bool has_authorization(const RequestFields& fields) {
  return !fields.authorization.empty() || !fields.authtoken.empty();
}

/// What may carry drafts, by its fields alone; delivery tokens do not rule that out.
bool is_surely_preview(const RequestFields& fields, const Config& config) {
  if (is_session(fields.live_preview)) return true;
  if (fields.preview_token.empty()) return false;
  return config.preview.strict_token || (fields.live_preview == "init" && has_timeline(fields));
}

std::optional<Refusal> check_credentials(const RequestFields& fields) {
  if (!is_below_v3(fields.path)) {
    return refuse(404, "No such path here: paths of the Content Delivery API start with /v3.");
  }
  if (fields.access_token.empty() && !has_authorization(fields)) {
    return Refusal{401, 105, "The access_token field is missing: send a delivery token.",
                   "access_token", false};
  }
  if (fields.api_key.empty()) {
    return Refusal{412, 109, "The api_key field is missing: send the API key of the stack.",
                   "api_key", false};
  }
  return std::nullopt;
}

/// The table in ARCHITECTURE.md, from its second row on; first match wins.
std::optional<Refusal> choose_route(Method method, ListenerConfig::Role role, const Config& config,
                                    RequestFields& fields) {
  fields.route = Route::preview;
  if (method == Method::options) {
    fields.route = Route::preflight;
    return std::nullopt;
  }
  if (role == ListenerConfig::Role::preview) return std::nullopt;
  if (is_surely_preview(fields, config)) return std::nullopt;
  if (has_authorization(fields) && !config.preview.allow_authorization) {
    return refuse(403,
                  "Management credentials are not accepted here: send a delivery token as "
                  "access_token, or set preview.allow_authorization.",
                  "authorization");
  }
  if (!has_authorization(fields) && !fields.preview_token.empty() && fields.access_token.empty()) {
    return std::nullopt;
  }
  if (auto bad = check_credentials(fields)) return bad;
  const std::optional<Kind> kind = kind_of_path(fields.path);
  fields.kind = kind.value_or(Kind::entry);
  const bool may_cache = kind && !has_timeline(fields) && !has_authorization(fields);
  fields.route = may_cache ? Route::cached : Route::pass;
  return std::nullopt;
}

std::optional<Refusal> classify_into(const RequestView& request, const Config& config,
                                     ListenerConfig::Role role, Decoded& scratch,
                                     RequestFields& fields) {
  Decoded::LastHeader& last = scratch.last_header();
  if (request.header_id == 0 || request.header_id != last.id) {
    last.id = 0;
    last.survey = {};
    if (auto bad = survey_header(request, config.server, last.survey)) return bad;
    last.id = request.header_id;
  }
  const HeaderSurvey& header = last.survey;
  if (request.target.size() > config.server.max_target_bytes) {
    return refuse_and_close(414, "The request target is longer than server.max_target_bytes.");
  }
  if (auto bad = check_framing(request, header)) return bad;
  TargetParts target;
  const Sighting& host = header.fields[static_cast<std::size_t>(FieldId::host)];
  if (auto bad = check_target(request.target, host.value, target)) return bad;
  QuerySurvey query;
  if (auto bad = survey_query(target.query, query)) return bad;
  fields.path = target.path;
  fields.query = target.query;
  if (auto bad = gather_fields(header, query, scratch, fields)) return bad;
  return choose_route(request.method, role, config, fields);
}

}  // namespace

Decoded::Decoded() : last_header_(std::make_unique<LastHeader>()) {}
Decoded::~Decoded() = default;

void Decoded::clear() {
  used_ = 0;
}

std::string_view Decoded::decode(std::string_view encoded) {
  if (used_ == texts_.size()) texts_.emplace_back();
  std::string& text = texts_[used_++];
  text.resize(encoded.size());
  text.resize(static_cast<std::size_t>(percent_decode(encoded, text.data()) - text.data()));
  return text;
}

std::variant<RequestFields, Refusal> classify(const RequestView& request, const Config& config,
                                              ListenerConfig::Role role, Decoded& scratch) {
  scratch.clear();
  RequestFields fields;
  if (auto bad = classify_into(request, config, role, scratch, fields)) return *bad;
  return fields;
}

}  // namespace larder
