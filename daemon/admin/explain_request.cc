// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/explain_request.h"

#include <algorithm>
#include <map>

#include "cache/request/canonical.h"
#include "cache/request/query_string.h"
#include "cache/scope/scope_table.h"
#include "conf/base/field_table.h"
#include "conf/base/octets.h"
#include "daemon/watch/request_id.h"

namespace larder {
namespace {

constexpr const char* kForm =
    "explain takes url or request_id, and with url api_key, environment, branch and headers";
constexpr std::size_t kMostHeaders = 32;
/// In the place of a token that is not given, where any would do.
constexpr std::string_view kAnyToken = "explain";

/// Path and query of an absolute or relative URL.
std::string target_of(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const auto path = url.find('/', scheme + 3);
  return path == std::string::npos ? "/" : url.substr(path);
}

/// What is wrong, or "".
std::string read_headers(std::string_view lines, ExplainQuestion& question) {
  while (!lines.empty()) {
    const auto end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    const auto colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    if (colon == std::string_view::npos || name.empty() || !all_octets(name, kTokenChar)) {
      return "a header is NAME: VALUE";
    }
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    if (question.headers.size() == kMostHeaders) return "at most 32 headers";
    question.headers.emplace_back(name, value);
  }
  return "";
}

std::string take_url(const std::string& value, ExplainQuestion& question) {
  question.target = target_of(value);
  return question.target.starts_with('/') ? "" : "a URL begins with / or with a scheme";
}

std::string take_field(const std::string& name, std::string value, ExplainQuestion& question) {
  if (name == "url") return take_url(value, question);
  if (name == "headers") return read_headers(value, question);
  if (name == "request_id" && RequestId::of_text(value).empty()) {
    return "a request id is 1 to 64 octets of a token";
  }
  const std::map<std::string_view, std::string*> texts{{"request_id", &question.request_id},
                                                       {"api_key", &question.api_key},
                                                       {"environment", &question.environment},
                                                       {"branch", &question.branch}};
  const auto found = texts.find(name);
  if (found == texts.end() || value.empty()) return kForm;
  *found->second = std::move(value);
  return "";
}

/// A request of the question, as a client would send it.
class Draft {
 public:
  explicit Draft(const ExplainQuestion& question) : question_(question) {
    headers_.push_back({"Host", "explain"});
    for (const auto& [name, value] : question.headers) headers_.push_back({name, value});
  }
  /// Unless the question has it.
  void add(std::string_view name, std::string_view value) {
    const bool has =
        std::any_of(question_.headers.begin(), question_.headers.end(),
                    [name](const auto& header) { return is_same_field(header.first, name); });
    if (!has && !value.empty()) headers_.push_back({name, value});
  }
  RequestView view() const {
    return {.method = Method::get, .target = question_.target, .headers = headers_};
  }

 private:
  const ExplainQuestion& question_;
  std::vector<HeaderView> headers_;
};

std::vector<QueryPair> pairs_of(std::string_view query) {
  std::vector<QueryPair> pairs;
  QueryPair pair;
  while (take_pair(query, pair)) pairs.push_back(pair);
  return pairs;
}

/// What of the query is not in the canonical one, by name, and whether the rest was sorted.
void note_derivation(std::string_view query, ExplainedRequest& request) {
  std::vector<std::string> kept;
  for (const QueryPair& pair : pairs_of(request.query)) kept.push_back(percent_decoded(pair.name));
  std::vector<std::string> order;
  for (const QueryPair& pair : pairs_of(query)) {
    const std::string name = percent_decoded(pair.name);
    if (std::find(kept.begin(), kept.end(), name) != kept.end()) {
      order.push_back(name);
    } else if (std::find(request.taken.begin(), request.taken.end(), name) == request.taken.end()) {
      request.taken.push_back(name);
    }
  }
  request.sorted = order != kept;
}

class Explaining {
 public:
  Explaining(const ExplainQuestion& question, const Config& config, const InstallSecret& secret,
             const KeyHasher& hasher)
      : question_(question), config_(config), hasher_(hasher), scopes_(config, secret) {}

  ExplainedRequest take() {
    Draft draft(question_);
    draft.add("api_key", question_.api_key);
    draft.add("environment", question_.environment);
    draft.add("branch", question_.branch);
    Decoded scratch;
    const auto classified =
        classify(draft.view(), config_, ListenerConfig::Role::delivery, scratch);
    const auto* refusal = std::get_if<Refusal>(&classified);
    out_.exact = refusal == nullptr;
    const bool lacks = refusal != nullptr && (refusal->reason == Reason::no_token ||
                                              refusal->reason == Reason::no_api_key);
    if (!lacks) {
      consider(draft);
    } else if (config_.open_mode()) {
      draft.add("api_key", kAnyToken);
      draft.add("access_token", kAnyToken);
      consider(draft);
      out_.places.clear();
    } else {
      consider_stacks();
    }
    return std::move(out_);
  }

 private:
  /// With the tokens of the configuration.
  void consider_stacks() {
    std::optional<Refusal> first;
    bool found = false;
    for (const StackConfig& stack : config_.stacks) {
      if (!question_.api_key.empty() && question_.api_key != stack.api_key) continue;
      for (const ScopeConfig& scope : stack.scopes) {
        if (scope.delivery_tokens.empty()) continue;
        out_.refusal.reset();
        Draft draft(question_);
        draft.add("api_key", stack.api_key);
        draft.add("access_token", scope.delivery_tokens.front().reveal());
        draft.add("environment", question_.environment);
        draft.add("branch", branch_for(scope));
        consider(draft);
        found = found || !out_.refusal;
        if (out_.refusal && !first) first = out_.refusal;
      }
    }
    out_.refusal = found ? std::nullopt : first;
  }

  std::string_view branch_for(const ScopeConfig& scope) const {
    if (!question_.branch.empty() || scope.branches.empty()) return question_.branch;
    const bool has_main =
        std::find(scope.branches.begin(), scope.branches.end(), "main") != scope.branches.end();
    return has_main ? std::string_view{} : std::string_view(scope.branches.front());
  }

  void consider(const Draft& draft) {
    Decoded scratch;
    const RequestView view = draft.view();
    auto classified = classify(view, config_, ListenerConfig::Role::delivery, scratch);
    if (const auto* refusal = std::get_if<Refusal>(&classified)) {
      out_.refusal = *refusal;
      return;
    }
    const auto& fields = std::get<RequestFields>(classified);
    out_.route = fields.route;
    out_.route_reason = fields.reason;
    out_.environment = fields.environment;
    if (fields.route == Route::preview) return consider_preview(fields);
    auto scope = scopes_.resolve(fields);
    if (const auto* refusal = std::get_if<Refusal>(&scope)) {
      out_.refusal = *refusal;
      return;
    }
    auto& proven = std::get<ProvenScope>(scope);
    out_.host = proven.scope->delivery_host;
    if (fields.route == Route::cached) add_place(view, fields, std::move(proven));
  }

  void consider_preview(const RequestFields& fields) {
    auto host = scopes_.preview_host(fields);
    if (const auto* refusal = std::get_if<Refusal>(&host)) {
      out_.refusal = *refusal;
    } else {
      out_.host = std::get<std::string>(host);
    }
  }

  void add_place(const RequestView& view, const RequestFields& fields, ProvenScope proven) {
    CanonicalRequest canonical;
    canonicalise(fields, view, config_.upstream.forward_headers, canonical);
    std::string bytes;
    const auto url_length = write_canonical_bytes(canonical, bytes);
    const CacheKey key = hasher_.key(proven.scope->mac, bytes, url_length);
    if (out_.path.empty()) {
      out_.path = canonical.path;
      out_.query = canonical.query;
      note_derivation(fields.query, out_);
    }
    const bool known = std::any_of(out_.places.begin(), out_.places.end(),
                                   [&](const ExplainedPlace& place) { return place.key == key; });
    if (!known) out_.places.push_back({std::move(proven.scope), proven.reason, key});
  }

  const ExplainQuestion& question_;
  const Config& config_;
  const KeyHasher& hasher_;
  ScopeTable scopes_;
  ExplainedRequest out_;
};

}  // namespace

std::variant<ExplainQuestion, std::string> parse_explain_query(std::string_view query) {
  ExplainQuestion question;
  for (const QueryPair& pair : pairs_of(query)) {
    std::string mistake =
        take_field(percent_decoded(pair.name), percent_decoded(pair.value), question);
    if (!mistake.empty()) return mistake;
  }
  if (question.target.empty() == question.request_id.empty()) return kForm;
  const bool narrowed = !question.api_key.empty() || !question.environment.empty() ||
                        !question.branch.empty() || !question.headers.empty();
  if (!question.request_id.empty() && narrowed) return kForm;
  return question;
}

ExplainedRequest explained_request(const ExplainQuestion& question, const Config& config,
                                   const InstallSecret& secret, const KeyHasher& hasher) {
  return Explaining(question, config, secret, hasher).take();
}

}  // namespace larder
