// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/view.h"

#include <algorithm>

namespace sandbox {
namespace {

bool is_reference(const Json& value) {
  return value.is_object() && value.size() == 2 && value.contains("_content_type_uid");
}

bool is_asset(const Json& value) {
  return value.is_object() && value.contains("filename") && value.contains("url");
}

}  // namespace

View::View(const Space& space, const Params& params, const Audience& audience)
    : space_(space),
      audience_(audience),
      locale_(params.text("locale")),
      fallback_(params.flag("include_fallback")),
      dimension_(params.flag("include_dimension")),
      relative_urls_(params.flag("relative_urls") || params.flag("relative_url")),
      branch_(params.flag("include_branch")),
      metadata_(params.flag("include_metadata")),
      owner_(params.flag("include_owner")),
      embedded_(!params.list("include_embedded_items").empty()),
      version_(params.number("version", 0)) {
  if (locale_.empty()) locale_ = kMasterLocale;
  for (std::string& path : params.list("include")) includes_.insert(std::move(path));
  if (params.flag("include_all")) {
    all_depth_ = static_cast<int>(params.number("include_all_depth", 2));
  }
  for (auto& [place, name] : params.nested("only")) only_[place].insert(name);
  for (auto& [place, name] : params.nested("except")) except_[place].insert(name);
}

bool View::shows(const std::string& place, const std::string& name) const {
  if (name == "uid" || name == "_content_type_uid") return true;
  const auto without = except_.find(place);
  if (without != except_.end() && without->second.contains(name)) return false;
  const auto only = only_.find(place);
  if (only == only_.end() || only->second.contains(name)) return true;
  return place == "BASE" && named(name);
}

bool View::includes(const std::string& path, int depth) const {
  return depth <= all_depth_ || named(path);
}

bool View::named(const std::string& path) const {
  // "author.org" includes "author" as well.
  return std::any_of(includes_.begin(), includes_.end(), [&](const std::string& wanted) {
    return wanted == path || wanted.starts_with(path + ".");
  });
}

Json View::field(const std::string& name, const Json& value, const std::string& path, int depth) {
  if (is_asset(value)) {
    const Json* published = space_.find(kAssetType, value["uid"], locale_, true);
    return published == nullptr ? Json(nullptr) : asset(*published);
  }
  const bool references = value.is_array() && !value.empty() && is_reference(value[0]);
  const std::string inner = path.empty() ? name : path + "." + name;
  if (!references || !includes(inner, depth + 1)) return value;
  Json included = Json::array();
  for (const Json& stub : value) {
    const std::string type = stub["_content_type_uid"];
    const Json* entry = space_.find(type, stub["uid"], locale_, true);
    if (entry == nullptr) continue;
    ++references_;
    depth_ = std::max(depth_, depth + 1);
    Json body = level(type, *entry, inner, depth + 1);
    body["_content_type_uid"] = type;
    included.push_back(std::move(body));
  }
  return included;
}

Json View::level(const std::string& type, const Json& entry, const std::string& path, int depth) {
  const std::string place = path.empty() ? "BASE" : path;
  Json body = Json::object();
  for (const auto& [name, value] : entry.items()) {
    if (shows(place, name)) body[name] = field(name, value, path, depth);
  }
  add_extras(type, entry, body);
  return body;
}

void View::add_extras(const std::string& type, const Json& entry, Json& body) const {
  if (branch_) body["_branch"] = space_.branch();
  if (metadata_) {
    body["_metadata"] = {{"extensions", Json::object()},
                         {"references", Json::array({{{"_content_type_uid", type}}})}};
  }
  if (owner_)
    body["_owner"] = {{"uid", entry.value("created_by", "")}, {"email", "ed@example.org"}};
  if (embedded_) body["_embedded_items"] = Json::object();
}

void View::mark(Json& body) const {
  if (version_ > 0 && body.contains("_version")) body["_version"] = version_;
  if (!audience_.variants.empty()) {
    body["_variant"] = audience_.variants;
    if (body.contains("publish_details")) {
      body["publish_details"]["variants"][audience_.variants] = {{"version", 1}};
    }
  }
  if (!audience_.early_access.empty()) body["_early_access"] = audience_.early_access;
  if (!audience_.draft.empty()) body["_draft"] = audience_.draft;
}

Json View::entry(const std::string& type, const Json& entry) {
  Json body = level(type, entry, "", 0);
  mark(body);
  return body;
}

Json View::asset(const Json& asset) const {
  constexpr std::string_view host = "https://images.contentstack.io";
  Json body = asset;
  if (!dimension_) body.erase("dimension");
  if (relative_urls_) body["url"] = body["url"].get<std::string>().substr(host.size());
  if (branch_) body["_branch"] = space_.branch();
  mark(body);
  return body;
}

}  // namespace sandbox
