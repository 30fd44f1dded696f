// SPDX-License-Identifier: Apache-2.0
// Content types with their entries, assets and global fields.
#include <algorithm>
#include <optional>
#include <variant>

#include "tests/sandbox/api.h"
#include "tests/sandbox/query.h"

namespace sandbox {
namespace {

constexpr long kMaxPage = 100;

const Json* by_uid(const std::vector<Json>& objects, const std::string& uid) {
  const auto found = std::find_if(objects.begin(), objects.end(),
                                  [&](const Json& object) { return object["uid"] == uid; });
  return found == objects.end() ? nullptr : &*found;
}

/// The `query` parameter; none when it is not a JSON object.
std::optional<Json> condition_of(const Params& params) {
  const std::string* text = params.get("query");
  if (text == nullptr || text->empty()) return Json::object();
  Json condition = Json::parse(*text, nullptr, false);
  if (!condition.is_object()) return std::nullopt;
  return condition;
}

Reply malformed_query() {
  return error(400, 141, "The query is malformed.", "query");
}

Reply not_found() {
  return error(422, 141, "The requested object doesn't exist.", "uid");
}

bool has_tags(const Json& object, const Params& params) {
  std::vector<std::string> wanted = params.list("tags");
  if (wanted.size() == 1 && wanted[0].find(',') != std::string::npos) {
    const auto comma = wanted[0].find(',');
    wanted = {wanted[0].substr(0, comma), wanted[0].substr(comma + 1)};
  }
  if (wanted.empty()) return true;
  const Json tags = object.value("tags", Json::array());
  return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& tag) {
    return std::find(tags.begin(), tags.end(), tag) != tags.end();
  });
}

/// The objects of a type that a list request selects, in order, before paging.
std::vector<const Json*> select(const Question& question, std::string_view type,
                                const Json& condition, const View& view) {
  std::vector<const Json*> selected;
  const Objects* objects = question.space.objects(type);
  if (objects == nullptr) return selected;
  const std::string typeahead = question.params.text("typeahead");
  for (const std::string& uid : objects->order) {
    const Json* object = question.space.find(type, uid, view.locale(), view.fallback());
    if (object == nullptr || !has_tags(*object, question.params)) continue;
    if (!typeahead.empty() && !mentions(*object, typeahead)) continue;
    if (matches(question.space, *object, condition)) selected.push_back(object);
  }
  const auto sort = [&](const std::string& field, int sign) {
    std::stable_sort(selected.begin(), selected.end(), [&](const Json* a, const Json* b) {
      return compare(value_at(*a, field), value_at(*b, field)) * sign < 0;
    });
  };
  if (question.content.lists_newest_first()) sort("updated_at", -1);
  for (const auto& [name, sign] : {std::pair("asc", 1), std::pair("desc", -1)}) {
    const std::string field = question.params.text(name);
    if (!field.empty()) sort(field, sign);
  }
  return selected;
}

/// The part of `all` that skip and limit ask for.
template <class T>
std::vector<T> page_of(const std::vector<T>& all, const Params& params) {
  const long size = static_cast<long>(all.size());
  const long skip = std::clamp(params.number("skip", 0), 0L, size);
  const long limit = std::clamp(params.number("limit", kMaxPage), 0L, kMaxPage);
  return {all.begin() + skip, all.begin() + std::min(size, skip + limit)};
}

std::string include_fields(const View& view) {
  return "x-cs-includecount: " + std::to_string(view.references()) +
         "\r\nx-cs-includedepth: " + std::to_string(view.depth()) + "\r\n";
}

/// With the schemas of its global fields in place, when asked for.
Json content_type_view(const Question& question, const Json& content_type) {
  Json body = content_type;
  body.erase("last_activity");
  if (question.params.flag("include_branch")) body["_branch"] = question.space.branch();
  if (!question.audience.draft.empty()) body["_draft"] = question.audience.draft;
  if (!question.params.flag("include_global_field_schema")) return body;
  for (Json& field : body["schema"]) {
    if (field["data_type"] != "global_field") continue;
    const Json* global = by_uid(question.space.global_fields(), field["reference_to"]);
    if (global != nullptr) field["schema"] = (*global)["schema"];
  }
  return body;
}

void add_schema(const Question& question, const Json& content_type, Json& body) {
  if (question.params.flag("include_content_type")) {
    body["content_type"] = content_type_view(question, content_type);
  }
  if (question.params.flag("include_schema")) body["schema"] = content_type["schema"];
}

Reply entry_list(const Question& question, const Json& content_type) {
  const std::optional<Json> condition = condition_of(question.params);
  if (!condition) return malformed_query();
  const std::string type = content_type["uid"];
  View view(question.space, question.params, question.audience);
  const auto selected = select(question, type, *condition, view);
  Json body = Json::object();
  if (question.params.flag("count")) {
    body["entries"] = selected.size();
    return {200, body, include_fields(view)};
  }
  body["entries"] = Json::array();
  for (const Json* entry : page_of(selected, question.params)) {
    body["entries"].push_back(view.entry(type, *entry));
  }
  add_schema(question, content_type, body);
  if (question.params.flag("include_count")) body["count"] = selected.size();
  return {200, body, include_fields(view)};
}

Reply single_entry(const Question& question, const Json& content_type, const std::string& uid) {
  View view(question.space, question.params, question.audience);
  const std::string type = content_type["uid"];
  const Json* entry = question.space.find(type, uid, view.locale(), view.fallback());
  if (entry == nullptr || question.params.number("version", 0) > entry->value("_version", 1)) {
    return not_found();
  }
  Json body = {{"entry", view.entry(type, *entry)}};
  add_schema(question, content_type, body);
  return {200, body, include_fields(view)};
}

Reply last_activities(const Question& question) {
  Json list = Json::array();
  for (const Json& type : question.space.content_types()) {
    const Json details = {{"locale", kMasterLocale}, {"time", type["last_activity"]}};
    const Json environment = {{"uid", question.space.environment_uid()},
                              {"details", Json::array({details})}};
    list.push_back(
        {{"uid", type["uid"]}, {"last_activity", {{"environments", Json::array({environment})}}}});
  }
  return {200, {{"content_types", list}}, ""};
}

Reply content_type_list(const Question& question) {
  if (question.params.flag("only_last_activity")) return last_activities(question);
  const std::optional<Json> condition = condition_of(question.params);
  if (!condition) return malformed_query();
  std::vector<const Json*> selected;
  for (const Json& type : question.space.content_types()) {
    if (matches(question.space, type, *condition)) selected.push_back(&type);
  }
  Json body = {{"content_types", Json::array()}};
  for (const Json* type : page_of(selected, question.params)) {
    body["content_types"].push_back(content_type_view(question, *type));
  }
  if (question.params.flag("include_count")) body["count"] = selected.size();
  return {200, body, ""};
}

}  // namespace

Reply answer_content_types(const Question& question, const std::vector<std::string>& path) {
  if (path.size() == 1) return content_type_list(question);
  const Json* type = by_uid(question.space.content_types(), path[1]);
  if (type == nullptr) {
    return error(422, 118, "The Content Type '" + path[1] + "' was not found. Please try again.",
                 "uid");
  }
  if (path.size() == 2) return {200, {{"content_type", content_type_view(question, *type)}}, ""};
  if (path[2] != "entries" || path.size() > 4) {
    return error(404, 404, "The requested resource doesn't exist.");
  }
  return path.size() == 3 ? entry_list(question, *type) : single_entry(question, *type, path[3]);
}

Reply answer_assets(const Question& question, const std::vector<std::string>& path) {
  const std::optional<Json> condition = condition_of(question.params);
  if (!condition) return malformed_query();
  const View view(question.space, question.params, question.audience);
  if (path.size() == 2) {
    const Json* asset = question.space.find(kAssetType, path[1], view.locale(), view.fallback());
    if (asset == nullptr) return error(404, 145, "Asset was not found.", "uid");
    return {200, {{"asset", view.asset(*asset)}}, ""};
  }
  if (path.size() > 2) return error(404, 404, "The requested resource doesn't exist.");
  const auto selected = select(question, kAssetType, *condition, view);
  Json body = {{"assets", Json::array()}};
  if (question.params.flag("count")) {
    body["assets"] = selected.size();
    return {200, body, ""};
  }
  for (const Json* asset : page_of(selected, question.params)) {
    body["assets"].push_back(view.asset(*asset));
  }
  if (question.params.flag("include_count")) body["count"] = selected.size();
  return {200, body, ""};
}

Reply answer_global_fields(const Question& question, const std::vector<std::string>& path) {
  const auto& fields = question.space.global_fields();
  if (path.size() == 1) {
    Json body = {{"global_fields", Json::array()}};
    for (const Json& field : fields) {
      body["global_fields"].push_back(content_type_view(question, field));
    }
    if (question.params.flag("include_count")) body["count"] = fields.size();
    return {200, body, "cache-tag: api.global_fields\r\n"};
  }
  const Json* field = by_uid(fields, path[1]);
  if (field == nullptr || path.size() > 2) {
    return error(422, 118, "The Global Field '" + path[1] + "' was not found. Please try again.",
                 "uid");
  }
  return {200,
          {{"global_field", content_type_view(question, *field)}},
          "cache-tag: api.global_fields,api.global_fields." + path[1] + "\r\n"};
}

}  // namespace sandbox
