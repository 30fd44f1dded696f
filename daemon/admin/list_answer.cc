// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/list_answer.h"

#include <map>
#include <utility>

#include "cache/request/query_string.h"
#include "cache/tags/tag_names.h"
#include "conf/base/whole_number.h"
#include "daemon/admin/object_json.h"

namespace larder {
namespace {

constexpr const char* kForm =
    "list takes api_key, environment, branch and tag (KIND:NAME), one at least and each once, and "
    "limit=1 to 1000";
constexpr std::size_t kMostListed = 1'000;

std::optional<std::size_t> limit_in(std::string_view text) {
  const auto limit = whole_number<std::size_t>(text);
  return limit && *limit >= 1 && *limit <= kMostListed ? limit : std::nullopt;
}

void append_object(std::string& out, const ListedObject& object, WallTime now) {
  JsonObject json(out);
  append_label(json, object.scope);
  json.text("path", object.path);
  json.text("query", object.query);
  append_variant(json, object);
  append_lifetime(json, object, now);
  json.flag("purged", object.purged);
  json.text("kind", name_of(object.kind));
  json.number("bytes", static_cast<std::int64_t>(object.body_bytes));
  json.number("uses", object.uses);
  json.text("key", key_text(object.key));
}

}  // namespace

std::variant<ObjectQuestion, std::string> parse_list_query(std::string_view query) {
  ObjectQuestion question;
  std::string tag, limit;
  const std::map<std::string_view, std::string*> texts{{"api_key", &question.api_key},
                                                       {"environment", &question.environment},
                                                       {"branch", &question.branch},
                                                       {"tag", &tag},
                                                       {"limit", &limit}};
  QueryPair pair;
  while (take_pair(query, pair)) {
    const auto found = texts.find(pair.name);
    if (found == texts.end() || !found->second->empty() || pair.value.empty()) return kForm;
    *found->second = percent_decoded(pair.value);
  }
  if (question.api_key.empty() && question.environment.empty() && question.branch.empty() &&
      tag.empty()) {
    return kForm;
  }
  if (!tag.empty() && !(question.tag = tag_named(tag))) {
    return "a tag is KIND:NAME, as larderctl tags shows it: entry:blt1, content-type:blog, "
           "asset:blt2 ...; or a kind alone that has no name, as asset-list";
  }
  if (limit.empty()) return question;
  const auto number = limit_in(limit);
  if (!number) return kForm;
  question.limit = *number;
  return question;
}

std::string list_json(const UrlListing& listing, WallTime now) {
  std::string out;
  {
    JsonObject json(out);
    append_objects(json, listing, [now](std::string& list, const ListedObject& object) {
      append_object(list, object, now);
    });
    if (listing.objects.empty()) json.text("error", "nothing of it is stored");
  }
  return out + "\n";
}

}  // namespace larder
