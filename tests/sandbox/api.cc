// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/api.h"

#include <zlib.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "tests/sandbox/sized.h"

namespace sandbox {
namespace {

constexpr std::string_view kDraftMarker = "DRAFT-MARKER-7f3a";
constexpr std::size_t kMaxRenderedBytes = 256u << 20;
constexpr std::string_view kSizedPrefix = "content_types/sized/entries/";

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    const auto slash = path.find('/');
    segments.push_back(decode(path.substr(0, slash)));
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return segments;
}

/// The path behind /v3/, or behind / where that is allowed; empty when it is neither.
std::string_view api_path(const ApiRequest& request) {
  std::string_view path = request.path;
  constexpr std::string_view version = "/v3/";
  if (path.starts_with(version)) return path.substr(version.size());
  if (request.host == Host::preview && path.starts_with('/')) return path.substr(1);
  return {};
}

std::string without_blanks(std::string_view text) {
  std::string out(text);
  std::erase(out, ' ');
  return out;
}

/// A set of names in a comma list: in any order, with any blanks, it is the same.
std::string sorted_list(std::string_view text) {
  std::vector<std::string> names;
  for (std::string rest = without_blanks(text) + ","; !rest.empty();) {
    const auto comma = rest.find(',');
    if (comma > 0) names.push_back(rest.substr(0, comma));
    rest.erase(0, comma + 1);
  }
  std::sort(names.begin(), names.end());
  std::string list;
  for (const std::string& name : names) list.append(list.empty() ? "" : ",").append(name);
  return list;
}

/// The API drops variants beyond three.
std::string first_three(std::string list) {
  std::size_t end = 0;
  for (int count = 0; count < 3 && end != std::string::npos; ++count) {
    end = list.find(',', count == 0 ? 0 : end + 1);
  }
  if (end != std::string::npos) list.resize(end);
  return list;
}

std::string_view hash_of(const ApiRequest& request, const std::string& in_query) {
  return request.live_preview.empty() ? std::string_view(in_query) : request.live_preview;
}

Audience audience_of(const ApiRequest& request, const Params& params, const Space& space) {
  Audience audience;
  audience.variants = first_three(without_blanks(request.variants));
  audience.early_access = sorted_list(request.early_access);
  if (!request.release_id.empty() || !request.preview_timestamp.empty()) {
    audience.timeline.append(request.release_id).append("@").append(request.preview_timestamp);
  }
  if (request.host == Host::preview) {
    audience.draft.append(kDraftMarker).append(" ").append(space.marker()).append(" hash=");
    audience.draft.append(hash_of(request, params.text("live_preview")));
  }
  return audience;
}

std::string rendered_key(const ApiRequest& request, const Space& space, const Audience& audience) {
  std::string key(name_of(request.host));
  for (const std::string_view part :
       {std::string_view(space.marker()), request.path, request.query,
        std::string_view(audience.variants), std::string_view(audience.early_access),
        std::string_view(audience.timeline), std::string_view(audience.draft)}) {
    key.append(1, '\n').append(part);
  }
  return key;
}

void mark_envelope(Json& body, const Space& space, const Audience& audience) {
  body["_marker"] = audience.draft.empty() ? space.marker() : audience.draft;
  if (!audience.timeline.empty()) body["_timeline"] = audience.timeline;
}

}  // namespace

std::string_view name_of(Host host) {
  if (host == Host::delivery) return "delivery";
  return host == Host::preview ? "preview" : "control";
}

Reply error(int status, int code, const std::string& message, const std::string& field,
            const std::string& problem) {
  Json errors = Json::object();
  if (!field.empty()) errors[field] = Json::array({problem});
  return {status, {{"error_message", message}, {"error_code", code}, {"errors", errors}}, ""};
}

std::string compress(std::string_view text, int level) {
  z_stream stream{};
  constexpr int gzip_window = MAX_WBITS + 16;
  if (deflateInit2(&stream, level, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("zlib does not start");
  }
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("zlib does not compress");
  return out;
}

void Api::forget_rendered() {
  rendered_.clear();
  rendered_bytes_ = 0;
}

std::variant<const Space*, Reply> Api::space_for(const ApiRequest& request, const Params& params,
                                                 const std::string& stack,
                                                 const std::string& environment,
                                                 const char* credential) {
  const std::string name = request.branch.empty() ? "main" : std::string(request.branch);
  const std::string branch = content_.branch(stack, name);
  if (branch.empty()) {
    return error(422, 901,
                 "Access denied. The branch or alias is not valid, or the token lacks it.",
                 "branch");
  }
  std::string asked = params.text("environment");
  if (asked.empty()) asked = request.environment;
  if (!asked.empty() && !environment.empty() && asked != environment) {
    return error(422, 141, "The requested object doesn't exist.", credential,
                 "does not have access to the environment.");
  }
  const std::string effective = !environment.empty() ? environment
                                : asked.empty()      ? "production"
                                                     : asked;
  const Space* space = content_.space(stack, effective, branch);
  if (space == nullptr) {
    return error(422, 141, "The requested object doesn't exist.", "environment");
  }
  return space;
}

std::variant<const Space*, Reply> Api::authorize(const ApiRequest& request, const Params& params) {
  const std::string stack =
      request.api_key.size() > 1 ? content_.stack_letter(request.api_key) : std::string();
  if (stack.empty()) {
    return error(412, 109, "We can't find that Stack. Please try again.", "api_key");
  }
  if (request.host == Host::preview) return authorize_preview(request, params);
  const Token* token = content_.delivery_token(request.access_token);
  if (token == nullptr || token->stack != stack) {
    return error(401, 105, "Access denied. The access token is not valid.", "access_token");
  }
  return space_for(request, params, stack, token->environment, "access_token");
}

std::variant<const Space*, Reply> Api::authorize_preview(const ApiRequest& request,
                                                         const Params& params) {
  const std::string stack = content_.stack_letter(request.api_key);
  const Token* token = content_.preview_token(request.preview_token);
  const bool managed = request.authorization == "cs_mgmt";
  if ((token == nullptr || token->stack != stack) && !managed) {
    return error(401, 105, "Access denied. The preview token is not valid.", "preview_token");
  }
  const std::string in_query = params.text("live_preview");
  const std::string_view hash = hash_of(request, in_query);
  if (hash.empty()) {
    return error(400, 382, "The live preview hash is missing.", "live_preview", "is required.");
  }
  if (hash == "expired") {
    return error(400, 382, "The live preview hash is not valid or has expired.", "live_preview");
  }
  return space_for(request, params, stack, managed ? "" : token->environment, "preview_token");
}

Reply Api::route(const ApiRequest& request, const Space& space, const Params& params,
                 const Audience& audience) {
  const std::vector<std::string> path = segments_of(api_path(request));
  const Question question{space, content_, params, audience};
  const std::string first = path.empty() ? std::string() : path[0];
  if (first == "content_types") return answer_content_types(question, path);
  if (first == "assets") return answer_assets(question, path);
  if (first == "global_fields") return answer_global_fields(question, path);
  if (first == "taxonomies") return answer_taxonomies(question, path);
  const bool stacks = path.size() == 2 && first == "stacks" && path[1] == "sync";
  if (stacks || (path.size() == 1 && first == "sync")) return answer_sync(question);
  return error(404, 404, "The requested resource doesn't exist.");
}

ApiAnswer Api::sized_answer(const ApiRequest& request, const Space& space,
                            const Audience& audience) {
  const std::string_view uid = api_path(request).substr(kSizedPrefix.size());
  const std::optional<std::size_t> bytes = sizes_.bytes_of(uid);
  ApiAnswer answer;
  if (!bytes) {
    Rendered rendered{
        422, "",
        std::make_shared<const std::string>(
            error(422, 141, "The requested object doesn't exist.", "uid").body.dump()),
        nullptr};
    return to_answer(rendered, request);
  }
  const std::string& marker = audience.draft.empty() ? space.marker() : audience.draft;
  std::string body = sized_body(*bytes, uid, marker, space.sized_version(uid));
  answer.gzip = request.gzip;
  if (answer.gzip) body = compress(body, 1);
  answer.body = std::make_shared<const std::string>(std::move(body));
  answer.extra_fields = "x-cs-includecount: 0\r\nx-cs-includedepth: 0\r\n";
  return answer;
}

ApiAnswer Api::to_answer(Rendered& rendered, const ApiRequest& request) const {
  ApiAnswer answer;
  answer.status = rendered.status;
  answer.extra_fields = rendered.extra_fields;
  // As seen at the CDN: errors of the API are never compressed.
  answer.gzip = request.gzip && rendered.status == 200;
  answer.cors = !(request.host == Host::preview && rendered.status == 401);
  if (answer.gzip && !rendered.gzip) {
    rendered.gzip = std::make_shared<const std::string>(compress(*rendered.identity, 6));
  }
  answer.body = answer.gzip ? rendered.gzip : rendered.identity;
  return answer;
}

ApiAnswer Api::answer(const ApiRequest& request) {
  const Params params(request.query);
  std::variant<const Space*, Reply> authorized = authorize(request, params);
  const auto bytes_of = [](const Reply& reply) {
    return std::make_shared<const std::string>(
        reply.body.dump(-1, ' ', false, Json::error_handler_t::replace));
  };
  if (const Reply* refusal = std::get_if<Reply>(&authorized)) {
    Rendered rendered{refusal->status, "", bytes_of(*refusal), nullptr};
    return to_answer(rendered, request);
  }
  const Space& space = *std::get<const Space*>(authorized);
  const Audience audience = audience_of(request, params, space);
  if (api_path(request).starts_with(kSizedPrefix)) return sized_answer(request, space, audience);
  const std::string key = rendered_key(request, space, audience);
  auto found = rendered_.find(key);
  if (found == rendered_.end()) {
    Reply reply = route(request, space, params, audience);
    if (reply.status == 200) mark_envelope(reply.body, space, audience);
    Rendered rendered{reply.status, reply.extra_fields, bytes_of(reply), nullptr};
    rendered_bytes_ += 2 * (key.size() + rendered.identity->size()) + 256;
    if (rendered_bytes_ > kMaxRenderedBytes) forget_rendered();
    found = rendered_.emplace(key, std::move(rendered)).first;
  }
  return to_answer(found->second, request);
}

}  // namespace sandbox
