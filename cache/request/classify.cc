// SPDX-License-Identifier: Apache-2.0
#include "cache/request/classify.h"

#include "cache/request/path_kind.h"
#include "cache/request/query_string.h"
#include "cache/request/request_fields.h"
#include "cache/request/request_rules.h"

namespace larder {

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

/// Why it may carry drafts, by its fields alone; delivery tokens do not rule that out. Reason::none
/// = it does not.
Reason reason_for_preview(const RequestFields& fields, const Config& config) {
  if (is_session(fields.live_preview)) return Reason::preview_hash;
  if (fields.preview_token.empty()) return Reason::none;
  if (fields.live_preview == "init" && has_timeline(fields)) return Reason::preview_init;
  return config.preview.strict_token ? Reason::preview_strict : Reason::none;
}

/// Why a path of the API is passed, or may be stored.
Reason reason_for_delivery(const RequestFields& fields, bool known_path) {
  if (has_timeline(fields)) return Reason::timeline;
  if (has_authorization(fields)) return Reason::authorization;
  return known_path ? Reason::cached_path : Reason::uncached_path;
}

std::optional<Refusal> check_credentials(const RequestFields& fields) {
  if (!is_below_v3(fields.path)) {
    return refuse(
        404, Reason::no_api_path,
        "No such path here: paths of the Content Delivery API start with /v3. Where an SDK "
        "takes an endpoint, it ends in /v3.");
  }
  if (fields.access_token.empty() && !has_authorization(fields)) {
    return Refusal{401,
                   105,
                   "The access_token field is missing: send a delivery token.",
                   "access_token",
                   false,
                   Reason::no_token};
  }
  if (fields.api_key.empty()) {
    return Refusal{412,       109,   "The api_key field is missing: send the API key of the stack.",
                   "api_key", false, Reason::no_api_key};
  }
  return std::nullopt;
}

/// The table in ARCHITECTURE.md, from its second row on; first match wins.
std::optional<Refusal> choose_route(Method method, ListenerConfig::Role role, const Config& config,
                                    RequestFields& fields) {
  fields.route = Route::preview;
  if (method == Method::options) {
    fields.route = Route::preflight;
    fields.reason = Reason::options;
    return std::nullopt;
  }
  fields.reason = role == ListenerConfig::Role::preview ? Reason::preview_listener
                                                        : reason_for_preview(fields, config);
  if (fields.reason != Reason::none) return std::nullopt;
  if (has_authorization(fields) && !config.preview.allow_authorization) {
    return refuse(403, Reason::management_credential,
                  "Management credentials are not accepted here: send a delivery token as "
                  "access_token, or set preview.allow_authorization.",
                  "authorization");
  }
  if (!has_authorization(fields) && !fields.preview_token.empty() && fields.access_token.empty()) {
    fields.reason = Reason::preview_token_alone;
    return std::nullopt;
  }
  if (auto bad = check_credentials(fields)) return bad;
  const std::optional<Kind> kind = kind_of_path(fields.path);
  fields.kind = kind.value_or(Kind::entry);
  fields.reason = reason_for_delivery(fields, kind.has_value());
  fields.route = fields.reason == Reason::cached_path ? Route::cached : Route::pass;
  return std::nullopt;
}

std::optional<Refusal> classify_into(const RequestView& request, const Config& config,
                                     ListenerConfig::Role role, Decoded& scratch,
                                     RequestFields& fields) {
  std::optional<HeaderSurvey> own;
  if (request.survey == nullptr) {
    if (auto bad = survey_header(request, config.server, own.emplace())) return bad;
  }
  const HeaderSurvey& header = own ? *own : *request.survey;
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

std::string_view Decoded::decode(std::string_view encoded) {
  auto& text = texts_.emplace_back(std::make_unique<char[]>(encoded.size()));
  char* const end = percent_decode(encoded, text.get());
  return {text.get(), static_cast<std::size_t>(end - text.get())};
}

std::variant<RequestFields, Refusal> classify(const RequestView& request, const Config& config,
                                              ListenerConfig::Role role, Decoded& scratch) {
  scratch.clear();
  RequestFields fields;
  if (auto bad = classify_into(request, config, role, scratch, fields)) return *bad;
  return fields;
}

const char* name_of(Route route) {
  switch (route) {
    case Route::cached:
      return "cached";
    case Route::pass:
      return "pass";
    case Route::preview:
      return "preview";
    case Route::preflight:
      return "preflight";
  }
  return "?";
}

}  // namespace larder
