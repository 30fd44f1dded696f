// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/content.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <utility>

#include "tests/sandbox/seed.h"

namespace sandbox {
namespace {

/// "Post 1111 [A/production/main] v3": the version is only in titles that were published again.
std::string versioned_title(std::string title, int version) {
  const auto suffix = title.rfind(" v");
  if (suffix != std::string::npos &&
      title.find_first_not_of("0123456789", suffix + 2) == std::string::npos) {
    title.resize(suffix);
  }
  return title + " v" + std::to_string(version);
}

}  // namespace

Space::Space(std::string stack, std::string api_key, std::string environment, std::string branch)
    : stack_(std::move(stack)),
      api_key_(std::move(api_key)),
      environment_(std::move(environment)),
      environment_uid_("bltenv" + stack_ + environment_),
      branch_(std::move(branch)),
      marker_(stack_ + "/" + environment_ + "/" + branch_) {}

const Objects* Space::objects(std::string_view type) const {
  const auto found = objects_.find(type);
  return found == objects_.end() ? nullptr : &found->second;
}

const Json* Space::find(std::string_view type, const std::string& uid, const std::string& locale,
                        bool fallback) const {
  const Objects* all = objects(type);
  if (all == nullptr) return nullptr;
  const auto locales = all->by_locale.find(uid);
  if (locales == all->by_locale.end()) return nullptr;
  auto found = locales->second.find(locale);
  if (found == locales->second.end() && fallback) {
    found = locales->second.find(std::string(kMasterLocale));
  }
  return found == locales->second.end() ? nullptr : &found->second;
}

const std::vector<Json>* Space::terms(const std::string& taxonomy) const {
  const auto found = terms_.find(taxonomy);
  return found == terms_.end() ? nullptr : &found->second;
}

int Space::sized_version(std::string_view uid) const {
  const auto found = sized_versions_.find(uid);
  return found == sized_versions_.end() ? 1 : found->second;
}

void Space::add(const std::string& type, const std::string& uid, const std::string& locale,
                Json body) {
  Objects& all = objects_[type];
  auto& locales = all.by_locale[uid];
  if (locales.empty()) all.order.push_back(uid);
  locales[locale] = std::move(body);
}

std::string Space::next_time() {
  ++clock_;
  char text[32];
  std::snprintf(text, sizeof text, "2026-02-%02dT%02d:%02d:%02d.000Z", 1 + clock_ / 86'400 % 28,
                clock_ / 3'600 % 24, clock_ / 60 % 60, clock_ % 60);
  return text;
}

void Space::touch_content_type(const std::string& type, const std::string& time) {
  for (Json& content_type : content_types_) {
    if (content_type["uid"] == type) content_type["last_activity"] = time;
  }
}

Json Space::publish(const std::string& type, const std::string& uid, const std::string& locale,
                    const Json& fields) {
  const std::string time = next_time();
  if (type == "sized") {
    const int version = sized_version(uid) + 1;
    sized_versions_[uid] = version;
    return {{"uid", uid}, {"_version", version}, {"updated_at", time}};
  }
  const Json* old = find(type, uid, locale, true);
  Json body = old != nullptr ? *old : new_object(*this, type, uid);
  const int version = body.value("_version", 0) + 1;
  body["locale"] = locale;
  body["_version"] = version;
  body["updated_at"] = time;
  body["publish_details"] = publish_details(*this, locale, time);
  if (body.contains("title")) body["title"] = versioned_title(body["title"], version);
  for (const auto& [name, value] : fields.items()) body[name] = value;
  add(type, uid, locale, body);
  touch_content_type(type, time);
  log_.add({{"type", type == kAssetType ? "asset_published" : "entry_published"},
            {"event_at", time},
            {"content_type_uid", type},
            {"data", body}});
  return body;
}

bool Space::unpublish(const std::string& type, const std::string& uid, const std::string& locale) {
  const auto all = objects_.find(type);
  if (all == objects_.end()) return false;
  const auto object = all->second.by_locale.find(uid);
  if (object == all->second.by_locale.end() || object->second.erase(locale) == 0) return false;
  if (object->second.empty()) {
    all->second.by_locale.erase(object);
    std::erase(all->second.order, uid);
  }
  const std::string time = next_time();
  touch_content_type(type, time);
  log_.add({{"type", type == kAssetType ? "asset_unpublished" : "entry_unpublished"},
            {"event_at", time},
            {"content_type_uid", type},
            {"data", {{"uid", uid}, {"locale", locale}}}});
  return true;
}

bool Space::remove(const std::string& type, const std::string& uid) {
  const auto all = objects_.find(type);
  if (all == objects_.end() || all->second.by_locale.erase(uid) == 0) return false;
  std::erase(all->second.order, uid);
  const std::string time = next_time();
  touch_content_type(type, time);
  log_.add({{"type", type == kAssetType ? "asset_deleted" : "entry_deleted"},
            {"event_at", time},
            {"content_type_uid", type},
            {"data", {{"uid", uid}, {"locale", kMasterLocale}}}});
  return true;
}

bool Space::edit_schema(const std::string& type) {
  const std::string time = next_time();
  for (Json& content_type : content_types_) {
    if (content_type["uid"] != type) continue;
    content_type["_version"] = content_type["_version"].get<int>() + 1;
    content_type["updated_at"] = time;
    content_type["last_activity"] = time;
    return true;
  }
  return false;
}

Content::Content() {
  stacks_ = {{"blt0123456789abcdef", "A"}, {"bltfedcba9876543210", "B"}};
  delivery_tokens_ = {{"cs0123456789abcdef01234567", {"A", "production"}},
                      {"cs1123456789abcdef01234567", {"A", "production"}},
                      {"cs2123456789abcdef01234567", {"A", "staging"}},
                      {"cs3123456789abcdef01234567", {"B", "production"}},
                      {"cs4123456789abcdef01234567", {"B", "staging"}}};
  preview_tokens_ = {{"csprev0123456789abcdef0123", {"A", "production"}},
                     {"csprev2123456789abcdef0123", {"A", "staging"}},
                     {"csprev3123456789abcdef0123", {"B", "production"}},
                     {"csprev4123456789abcdef0123", {"B", "staging"}}};
  for (const auto& [api_key, letter] : stacks_) {
    aliases_[letter]["live"] = "main";
    for (const char* environment : {"production", "staging"}) {
      for (const char* branch : {"main", "develop", "release"}) {
        spaces_.push_back(std::make_unique<Space>(letter, api_key, environment, branch));
        Seeder(*spaces_.back()).fill();
      }
    }
  }
}

std::string Content::stack_letter(std::string_view stack) const {
  const auto found = stacks_.find(stack);
  if (found != stacks_.end()) return found->second;
  for (const auto& [api_key, letter] : stacks_) {
    if (letter == stack) return letter;
  }
  return {};
}

const Token* Content::delivery_token(std::string_view token) const {
  const auto found = delivery_tokens_.find(token);
  return found == delivery_tokens_.end() ? nullptr : &found->second;
}

const Token* Content::preview_token(std::string_view token) const {
  const auto found = preview_tokens_.find(token);
  return found == preview_tokens_.end() ? nullptr : &found->second;
}

std::string Content::branch(const std::string& stack, const std::string& name) const {
  for (const auto& space : spaces_) {
    if (space->stack() == stack && space->branch() == name) return name;
  }
  const auto aliases = aliases_.find(stack);
  if (aliases == aliases_.end()) return {};
  const auto alias = aliases->second.find(name);
  return alias == aliases->second.end() ? std::string() : alias->second;
}

Space* Content::space(const std::string& stack, const std::string& environment,
                      const std::string& branch) {
  for (const auto& space : spaces_) {
    if (space->stack() == stack && space->environment() == environment &&
        space->branch() == branch) {
      return space.get();
    }
  }
  return nullptr;
}

std::size_t Content::index_of(const Space& space) const {
  for (std::size_t i = 0; i < spaces_.size(); ++i) {
    if (spaces_[i].get() == &space) return i;
  }
  throw std::logic_error("a space of another content");
}

void Content::trouble_sync(const Json& order) {
  for (const auto& space : spaces_) space->event_log().configure(order);
}

bool Content::settle_sync() {
  bool some = false;
  for (const auto& space : spaces_) some = space->event_log().settle() || some;
  return some;
}

std::vector<std::string> Content::aliases(const std::string& stack,
                                          const std::string& branch) const {
  std::vector<std::string> found;
  const auto of_stack = aliases_.find(stack);
  if (of_stack == aliases_.end()) return found;
  for (const auto& [alias, named] : of_stack->second) {
    if (named == branch) found.push_back(alias);
  }
  return found;
}

void Content::assign_alias(const std::string& stack, const std::string& alias,
                           const std::string& branch) {
  aliases_[stack][alias] = branch;
}

}  // namespace sandbox
