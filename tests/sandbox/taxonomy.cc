// SPDX-License-Identifier: Apache-2.0
// Taxonomies, their terms, and entries by taxonomy.
#include <algorithm>

#include "tests/sandbox/api.h"
#include "tests/sandbox/query.h"

namespace sandbox {
namespace {

const Json* term_by_uid(const std::vector<Json>& terms, const std::string& uid) {
  const auto found = std::find_if(terms.begin(), terms.end(),
                                  [&](const Json& term) { return term["uid"] == uid; });
  return found == terms.end() ? nullptr : &*found;
}

/// From the parent up.
std::vector<const Json*> ancestors(const std::vector<Json>& terms, const Json& term) {
  std::vector<const Json*> found;
  for (const Json* at = &term; at != nullptr && !(*at)["parent_uid"].is_null();) {
    at = term_by_uid(terms, (*at)["parent_uid"]);
    if (at != nullptr) found.push_back(at);
  }
  return found;
}

std::vector<const Json*> descendants(const std::vector<Json>& terms, const Json& term) {
  std::vector<const Json*> found;
  for (const Json& other : terms) {
    const auto above = ancestors(terms, other);
    if (std::find(above.begin(), above.end(), &term) != above.end()) found.push_back(&other);
  }
  return found;
}

Json list_of(const std::vector<const Json*>& terms) {
  Json list = Json::array();
  for (const Json* term : terms) list.push_back(*term);
  return list;
}

Reply missing(const std::string& what) {
  return error(404, 404, "The " + what + " was not found.", "uid");
}

Reply answer_term(const std::vector<Json>& terms, const std::vector<std::string>& path) {
  const Json* term = term_by_uid(terms, path[3]);
  if (term == nullptr) return missing("term '" + path[3] + "'");
  if (path.size() == 4) return {200, {{"term", *term}}, ""};
  Json body = *term;
  if (path[4] == "ancestors") {
    body["ancestors"] = list_of(ancestors(terms, *term));
    return {200, {{"term", body}}, ""};
  }
  if (path[4] == "descendants") {
    body["descendants"] = list_of(descendants(terms, *term));
    return {200, {{"term", body}}, ""};
  }
  if (path[4] != "locales") return missing("resource");
  Json locales = Json::array();
  for (const char* locale : {"en-us", "fr-fr", "en-gb"}) {
    Json localized = *term;
    localized["locale"] = locale;
    localized["localized"] = locale == kMasterLocale;
    locales.push_back(localized);
  }
  return {200, {{"terms", locales}}, ""};
}

Reply answer_terms(const Question& question, const std::vector<Json>& terms) {
  Json list = Json::array();
  const long max_depth = question.params.number("depth", 100);
  for (const Json& term : terms) {
    if (term["depth"].get<long>() <= max_depth) list.push_back(term);
  }
  Json body = {{"terms", list}};
  if (question.params.flag("include_count")) body["count"] = list.size();
  return {200, body, ""};
}

/// Entries of all content types that fulfil the query; without one, all that bear a term.
Reply tagged_entries(const Question& question) {
  Json condition = Json::object();
  if (const std::string* text = question.params.get("query")) {
    condition = Json::parse(*text, nullptr, false);
  }
  if (!condition.is_object()) return error(400, 141, "The query is malformed.", "query");
  View view(question.space, question.params, question.audience);
  Json entries = Json::array();
  for (const Json& content_type : question.space.content_types()) {
    const std::string type = content_type["uid"];
    const Objects* objects = question.space.objects(type);
    if (objects == nullptr) continue;
    for (const std::string& uid : objects->order) {
      const Json* entry = question.space.find(type, uid, view.locale(), view.fallback());
      if (entry == nullptr || !entry->contains("taxonomies")) continue;
      if (!matches(question.space, *entry, condition)) continue;
      Json body = view.entry(type, *entry);
      body["_content_type_uid"] = type;
      entries.push_back(std::move(body));
    }
  }
  const auto skip = static_cast<std::size_t>(question.params.number("skip", 0));
  const auto limit = static_cast<std::size_t>(question.params.number("limit", 100));
  Json page = Json::array();
  for (std::size_t i = skip; i < entries.size() && page.size() < limit; ++i) {
    page.push_back(std::move(entries[i]));
  }
  Json body = {{"entries", page}};
  if (question.params.flag("include_count")) body["count"] = entries.size();
  return {200, body, ""};
}

}  // namespace

Reply answer_taxonomies(const Question& question, const std::vector<std::string>& path) {
  const auto& taxonomies = question.space.taxonomies();
  if (path.size() == 1) {
    return {200, {{"taxonomies", taxonomies}, {"count", taxonomies.size()}}, ""};
  }
  if (path.size() == 2 && path[1] == "entries") return tagged_entries(question);
  const std::vector<Json>* terms = question.space.terms(path[1]);
  if (terms == nullptr) return missing("taxonomy '" + path[1] + "'");
  if (path.size() == 2) return {200, {{"taxonomy", *term_by_uid(taxonomies, path[1])}}, ""};
  if (path[2] != "terms" || path.size() > 5) return missing("resource");
  return path.size() == 3 ? answer_terms(question, *terms) : answer_term(*terms, path);
}

}  // namespace sandbox
