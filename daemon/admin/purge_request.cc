// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/purge_request.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "cache/request/canonical.h"
#include "cache/request/classify.h"
#include "cache/request/query_string.h"
#include "cache/scope/key.h"
#include "conf/base/redact.h"
#include "daemon/admin/purge_fields.h"

namespace larder {
namespace {

/// Path and query of an absolute or relative URL.
std::string_view target_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return url;
  const auto path = url.find('/', scheme + 3);
  return path == std::string_view::npos ? std::string_view("/") : url.substr(path);
}

/// The URL as a client of the delivery API would send it, so that it canonicalises the same way.
std::string canonical_url(const std::string& url, const Config& config, PurgeOrder& order) {
  const auto target = target_of(url);
  const std::string_view key = order.api_key.empty() ? "purge" : std::string_view(order.api_key);
  const HeaderView headers[] = {{"Host", "purge"}, {"api_key", key}, {"access_token", "purge"}};
  const RequestView request{.method = Method::get,
                            .version_major = 1,
                            .version_minor = 1,
                            .target = target,
                            .headers = headers};
  Decoded scratch;
  const auto classified = classify(request, config, ListenerConfig::Role::delivery, scratch);
  if (const auto* refusal = std::get_if<Refusal>(&classified)) {
    return std::string("the URL is none that larder serves: ") + refusal->cause;
  }
  const auto& fields = std::get<RequestFields>(classified);
  if (fields.route != Route::cached)
    return "larder never caches this URL, so nothing of it is stored";
  CanonicalRequest canonical;
  canonicalise(fields, request, {}, canonical);
  order.path = canonical.path;
  order.query = canonical.query;
  if (fields.environment.empty()) return {};
  if (!order.environment.empty() && order.environment != fields.environment) {
    return "the URL names another environment than the purge";
  }
  order.environment = fields.environment;
  return {};
}

/// The path as a client of the delivery API would send it.
std::string canonical_prefix(const std::string& text, PurgeOrder& order) {
  const std::string_view path = target_of(text);
  if (!path.starts_with('/')) return "path_prefix begins with /, as /v3/content_types/blog";
  if (path.find_first_of("?#") != std::string_view::npos) {
    return "path_prefix has no query: it takes every query along (purge by url takes one)";
  }
  append_canonical_path(path, order.path);
  while (order.path.ends_with('/')) order.path.pop_back();
  return {};
}

/// A kind of content by its name in an order, `content-type` or `content_type`.
std::optional<ContentChange::What> content_of(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return content_named(name);
}

/// What is to go, from whichever form of the request.
struct PurgeTarget {
  std::string what;
  std::string content_type = {};
  std::string name = {};  ///< uid, URL or path
};

using Target = std::variant<PurgeTarget, std::string>;

Target target_of_entry(const std::string& text) {
  const auto slash = text.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == text.size() ||
      text.find('/', slash + 1) != std::string::npos) {
    return "an entry is CONTENT_TYPE/UID, as blog/blt1";
  }
  return PurgeTarget{"entry", text.substr(0, slash), text.substr(slash + 1)};
}

Target target_of_tag(const std::string& text) {
  constexpr const char* kForm =
      "a tag is KIND:NAME; kinds are entry (entry:CONTENT_TYPE/UID), asset, content-type, "
      "global-field, taxonomy";
  const auto colon = text.find(':');
  if (colon == std::string::npos || colon + 1 == text.size()) return kForm;
  const std::string kind = text.substr(0, colon);
  if (!content_of(kind)) return kForm;
  std::string name = text.substr(colon + 1);
  if (kind == "entry") return target_of_entry(name);
  return PurgeTarget{kind, "", std::move(name)};
}

/// `what=entry&content_type=...&uid=...`
Target target_of_what(PurgeFields& fields) {
  const auto take = [&](const char* name) {
    const auto node = fields.extract(name);
    return node.empty() ? std::string() : std::move(node.mapped());
  };
  const std::string what = take("what");
  const std::string content_type = take("content_type");
  const std::string uid = take("uid");
  const std::string url = take("url");
  if (const auto content = content_of(what)) {
    if (!url.empty()) return "purge of content takes no url";
    if (uid.empty()) return "purge " + what + " needs a uid";
    const bool entry = *content == ContentChange::What::entry;
    if (entry && content_type.empty()) return "purge entry needs its content_type";
    if (!entry && !content_type.empty()) return "only purge entry takes a content_type";
    return PurgeTarget{what, content_type, uid};
  }
  if (!content_type.empty() || !uid.empty()) {
    return "purge " + what + " takes no content_type, no uid";
  }
  if (what == "url" && url.empty()) return "purge url needs a url";
  if (what != "url" && !url.empty()) return "purge " + what + " takes no url";
  if (what == "all" || what == "scope" || what == "url") return PurgeTarget{what, "", url};
  return "purge what? one of all, scope, url, entry, asset, content_type, global_field, taxonomy";
}

constexpr std::array<const char*, 10> kTargets = {
    "tag",      "entry", "asset",       "content_type", "global_field",
    "taxonomy", "url",   "path_prefix", "scope",        "all"};

/// Takes what says what is to go out of `fields`: it must be one.
Target take_target(PurgeFields& fields) {
  Target target = fields.contains("what") ? target_of_what(fields) : Target(PurgeTarget{});
  if (std::holds_alternative<std::string>(target)) return target;
  std::string given = std::get<PurgeTarget>(target).what;
  for (const char* name : kTargets) {
    const auto node = fields.extract(name);
    if (node.empty() || node.mapped() == "0") continue;
    if (!given.empty()) {
      return "purge takes one thing at a time, not " + given + " and " + name +
             ": ask once for each";
    }
    given = name;
    const std::string& value = node.mapped();
    target = given == "tag"     ? target_of_tag(value)
             : given == "entry" ? target_of_entry(value)
                                : Target(PurgeTarget{given, "", value});
    if (std::holds_alternative<std::string>(target)) return target;
  }
  if (!given.empty()) return target;
  std::string text = "purge what? give one of";
  for (const char* name : kTargets) text.append(" ").append(name);
  return text;
}

/// What is wrong, or "". `order` has its scope already.
std::string aim(PurgeTarget target, const Config& config, PurgeOrder& order) {
  const bool narrowed =
      !order.api_key.empty() || !order.environment.empty() || !order.branch.empty();
  if (const auto content = content_of(target.what)) {
    // Entries of any type may show the fields of a global field.
    const bool whole = *content == ContentChange::What::global_field;
    order.what = whole ? PurgeOrder::What::scope : PurgeOrder::What::change;
    order.changes.push_back({.what = *content,
                             .content_type = std::move(target.content_type),
                             .uid = std::move(target.name)});
    return {};
  }
  if (target.what == "all") {
    order.what = PurgeOrder::What::all;
    return narrowed ? "purge all takes no scope (api_key, environment, branch)" : "";
  }
  if (target.what == "scope") {
    order.what = PurgeOrder::What::scope;
    return narrowed ? "" : "purge scope needs api_key, environment or branch (or purge all)";
  }
  const bool url = target.what == "url";
  order.what = url ? PurgeOrder::What::url : PurgeOrder::What::path;
  return url ? canonical_url(target.name, config, order) : canonical_prefix(target.name, order);
}

/// It goes into the log, the list of events and to the bus.
bool names_credential(const PurgeOrder& order) {
  const auto is_found = [](std::string_view text) { return finds_credential(text, Secret()); };
  return is_found(order.path) || is_found(order.query) || is_found(order.api_key) ||
         is_found(order.environment) || is_found(order.branch) ||
         std::any_of(order.changes.begin(), order.changes.end(), [&](const ContentChange& change) {
           return is_found(change.content_type) || is_found(change.uid);
         });
}

std::variant<PurgeOrder, std::string> order_of(std::variant<PurgeFields, std::string> read,
                                               const Config& config) {
  if (auto* mistake = std::get_if<std::string>(&read)) return std::move(*mistake);
  auto& fields = std::get<PurgeFields>(read);
  Target target = take_target(fields);
  if (auto* mistake = std::get_if<std::string>(&target)) return std::move(*mistake);
  PurgeOrder order;
  order.counts = true;
  const std::map<std::string_view, std::string*> texts{
      {"api_key", &order.api_key}, {"environment", &order.environment}, {"branch", &order.branch}};
  for (auto& [name, value] : fields) {
    const auto text = texts.find(name);
    if (text != texts.end()) {
      *text->second = std::move(value);
    } else if (name == "hard") {
      order.hard = value == "1";
    } else if (name == "dry_run") {
      order.dry_run = value == "1";
    } else if (name == "no_count") {
      order.counts = value != "1";
    } else {
      return "this form of purge takes no " + name;
    }
  }
  if (order.dry_run && !order.counts) return "a dry run counts: leave out dry_run or no_count";
  std::string mistake = aim(std::move(std::get<PurgeTarget>(target)), config, order);
  if (!mistake.empty()) return mistake;
  if (names_credential(order)) {
    return "a part of this purge is a token or has its shape: leave it out, for purges are logged "
           "and told to other nodes";
  }
  return order;
}

}  // namespace

std::variant<PurgeOrder, std::string> parse_purge(std::string_view query, const Config& config) {
  return order_of(purge_fields_of_query(query), config);
}

std::variant<PurgeOrder, std::string> parse_purge_body(std::string_view json,
                                                       const Config& config) {
  return order_of(purge_fields_of_json(json), config);
}

}  // namespace larder
