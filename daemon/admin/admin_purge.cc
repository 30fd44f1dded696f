// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "cache/request/canonical.h"
#include "cache/request/classify.h"
#include "cache/request/query_string.h"
#include "cache/scope/key.h"
#include "daemon/admin/admin.h"

namespace larder {
namespace {

/// Path and query of an absolute or relative URL.
std::string_view target_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return url;
  const auto path = url.find('/', scheme + 3);
  return path == std::string_view::npos ? std::string_view("/") : url.substr(path);
}

std::string decoded(std::string_view text) {
  Decoded scratch;
  return std::string(scratch.decode(text));
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
    return "larder never caches this URL, so there is nothing to purge";
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

/// A kind of content by its name in an order.
std::optional<ContentChange::What> content_of(std::string_view what) {
  using What = ContentChange::What;
  if (what == "entry") return What::entry;
  if (what == "asset") return What::asset;
  if (what == "content_type") return What::content_type;
  if (what == "global_field") return What::global_field;
  if (what == "taxonomy") return What::taxonomy;
  return std::nullopt;
}

/// The parts of an order beside PurgeOrder's own.
struct PurgeWords {
  std::string what;
  std::string url;
  std::string content_type;
  std::string uid;
  std::string hard;
};

std::variant<PurgeOrder, std::string> purge_of_content(PurgeWords words, ContentChange::What what,
                                                       PurgeOrder order) {
  if (!words.url.empty()) return "purge of content takes no url";
  if (words.uid.empty()) return "purge " + words.what + " needs a uid";
  const bool entry = what == ContentChange::What::entry;
  if (entry && words.content_type.empty()) return "purge entry needs its content_type";
  if (!entry && !words.content_type.empty()) return "only purge entry takes a content_type";
  order.what = PurgeOrder::What::change;
  order.changes.push_back(
      {.what = what, .content_type = std::move(words.content_type), .uid = std::move(words.uid)});
  return order;
}

}  // namespace

std::variant<PurgeOrder, std::string> parse_purge(std::string_view query, const Config& config) {
  PurgeOrder order;
  order.counts = true;
  PurgeWords words;
  const std::map<std::string_view, std::string*> known{
      {"what", &words.what},     {"url", &words.url},         {"content_type", &words.content_type},
      {"uid", &words.uid},       {"api_key", &order.api_key}, {"environment", &order.environment},
      {"branch", &order.branch}, {"hard", &words.hard}};
  QueryPair pair;
  while (take_pair(query, pair)) {
    const auto place = known.find(pair.name);
    if (place == known.end()) {
      return "unknown parameter of purge; known are what, url, content_type, uid, api_key, "
             "environment, branch, hard";
    }
    if (!place->second->empty()) return "a parameter of purge is there twice; ask once for each";
    *place->second = decoded(pair.value);
  }
  const auto& [what, url, content_type, uid, hard] = words;
  if (!hard.empty() && hard != "0" && hard != "1") return "hard of purge is 0 or 1";
  order.hard = hard == "1";
  if (const auto content = content_of(what)) return purge_of_content(words, *content, order);
  if (!content_type.empty() || !uid.empty())
    return "purge " + what + " takes no content_type, no uid";
  const bool narrowed =
      !order.api_key.empty() || !order.environment.empty() || !order.branch.empty();
  if (what == "all") {
    if (narrowed || !url.empty()) return "purge all takes no scope and no url";
    order.what = PurgeOrder::What::all;
    return order;
  }
  if (what == "scope") {
    if (!narrowed) return "purge scope needs api_key, environment or branch (or purge all)";
    order.what = PurgeOrder::What::scope;
    return order;
  }
  if (what != "url") {
    return "purge what? one of all, scope, url, entry, asset, content_type, global_field, taxonomy";
  }
  if (url.empty()) return "purge url needs a url";
  order.what = PurgeOrder::What::url;
  const auto mistake = canonical_url(url, config, order);
  if (!mistake.empty()) return mistake;
  return order;
}

}  // namespace larder
