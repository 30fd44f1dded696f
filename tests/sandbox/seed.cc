// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/seed.h"

#include <cstdio>
#include <utility>

namespace sandbox {
namespace {

constexpr const char* kSeedTime = "2025-11-01T08:00:00.000Z";
constexpr const char* kUser = "blt0000000000000user";

const char* const kWords[] = {
    "Larder",       "shelf",      "caf\u00e9",  "na\u00efve",
    "\u6771\u4eac", "winter",     "\u00dcbung", "content",
    "publish",      "\U0001F95D", "garden",     "\u0440\u0435\u0446\u0435\u043f\u0442",
};

/// About `count` words, other ones for another seed.
std::string prose(unsigned seed, int count) {
  std::string text = "<p>";
  for (int i = 0; i < count; ++i) {
    seed = seed * 1'103'515'245u + 12'345u;
    text += kWords[(seed >> 16) % std::size(kWords)];
    text += i % 12 == 11 ? ".</p><p>" : " ";
  }
  return text + "</p>";
}

Json reference(const std::string& type, const std::string& uid) {
  return {{"uid", uid}, {"_content_type_uid", type}};
}

std::string numbered(const char* prefix, int number) {
  return prefix + std::to_string(number);
}

Json entry_body(const Space& space, const std::string& uid, const std::string& title,
                const Json& fields, const std::string& locale) {
  Json body = {{"uid", uid},
               {"title", title + " [" + space.marker() + "]"},
               {"_marker", space.marker()},
               {"locale", locale},
               {"ACL", Json::object()},
               {"_version", 1},
               {"_in_progress", false},
               {"created_at", kSeedTime},
               {"created_by", kUser},
               {"updated_at", kSeedTime},
               {"updated_by", kUser},
               {"tags", Json::array()}};
  for (const auto& [name, value] : fields.items()) body[name] = value;
  body["publish_details"] = publish_details(space, locale, kSeedTime);
  return body;
}

Json asset_body(const Space& space, const std::string& uid, const std::string& filename) {
  return {{"uid", uid},
          {"title", filename + " [" + space.marker() + "]"},
          {"_marker", space.marker()},
          {"filename", filename},
          {"url", "https://images.contentstack.io/v3/assets/" + space.api_key() + "/" + uid +
                      "/v2/" + filename},
          {"content_type", "image/png"},
          {"file_size", "12345"},
          {"dimension", {{"width", 640}, {"height", 480}}},
          {"tags", Json::array()},
          {"locale", kMasterLocale},
          {"is_dir", false},
          {"parent_uid", nullptr},
          {"ACL", Json::object()},
          {"_version", 2},
          {"created_at", kSeedTime},
          {"created_by", kUser},
          {"updated_at", kSeedTime},
          {"updated_by", kUser},
          {"publish_details", publish_details(space, std::string(kMasterLocale), kSeedTime)}};
}

Json text_field(const char* uid, const char* name) {
  return {{"display_name", name},
          {"uid", uid},
          {"data_type", "text"},
          {"mandatory", false},
          {"unique", false},
          {"multiple", false},
          {"field_metadata", {{"description", ""}, {"default_value", ""}}}};
}

Json reference_field(const char* uid, const char* to) {
  return {{"display_name", uid},
          {"uid", uid},
          {"data_type", "reference"},
          {"reference_to", Json::array({to})},
          {"field_metadata", {{"ref_multiple", true}, {"ref_multiple_content_types", true}}},
          {"multiple", false}};
}

Json schema_object(const Space& space, const std::string& uid, Json schema) {
  return {
      {"uid", uid},
      {"title", uid},
      {"description", "schema of " + uid + " [" + space.marker() + "]"},
      {"_marker", space.marker()},
      {"_version", 3},
      {"created_at", kSeedTime},
      {"updated_at", kSeedTime},
      {"last_activity", kSeedTime},
      {"inbuilt_class", false},
      {"maintain_revisions", true},
      {"options", {{"is_page", uid == "page"}, {"title", "title"}, {"singleton", uid == "header"}}},
      {"schema", std::move(schema)}};
}

}  // namespace

Json publish_details(const Space& space, const std::string& locale, const std::string& time) {
  return {{"environment", space.environment_uid()},
          {"locale", locale},
          {"time", time},
          {"user", kUser}};
}

Json new_object(const Space& space, const std::string& type, const std::string& uid) {
  Json body = type == kAssetType ? asset_body(space, uid, uid + ".png")
                                 : entry_body(space, uid, type + " " + uid, Json::object(),
                                              std::string(kMasterLocale));
  body["_version"] = 0;
  return body;
}

void Seeder::fill() {
  add_assets();
  add_blogs();
  add_others();
  add_schemas();
  add_taxonomies();
}

void Seeder::add_entry(const std::string& type, const std::string& uid, const std::string& title,
                       const Json& fields, const std::vector<std::string>& locales) {
  space_.add(type, uid, std::string(kMasterLocale),
             entry_body(space_, uid, title, fields, std::string(kMasterLocale)));
  for (const std::string& locale : locales) {
    space_.add(type, uid, locale,
               entry_body(space_, uid, title + " (" + locale + ")", fields, locale));
  }
}

void Seeder::add_blogs() {
  static const char* const tag_names[] = {"a", "b", "x", "y"};
  for (int i = 0; i < 60; ++i) {
    const int number = 1111 + i;
    std::string url = "/blog/post-" + std::to_string(number);
    if (i == 0) url = "/";
    if (i == 1) url = "/home";
    if (i == 2) url = "/home page";
    Json color = {{"taxonomy_uid", "color"}, {"term_uid", i % 3 == 0 ? "red" : "blue"}};
    Json appliance = {{"taxonomy_uid", "appliances"}, {"term_uid", i % 4 == 0 ? "led" : "oled"}};
    Json fields = {
        {"url", url},
        {"tags", Json::array({tag_names[i % 4], tag_names[(i + 1) % 4]})},
        {"body", prose(static_cast<unsigned>(number), 60 + i % 7 * 20)},
        {"price", i},
        {"featured", i % 2 == 0},
        {"author", Json::array({reference("author", numbered("bltauthor", i % 10))})},
        {"related", Json::array({reference("page", numbered("bltpage", i % 10))})},
        {"image", asset_body(space_, numbered("bltasset", 1 + i % 12), "a.png")},
        {"seo", {{"meta_title", "SEO " + std::to_string(number)}, {"keywords", "kitchen"}}},
        {"taxonomies", Json::array({color, appliance})}};
    std::vector<std::string> locales;
    if (i % 2 == 0) locales.push_back("fr-fr");
    if (i % 10 == 0) locales.push_back("en-gb");
    add_entry("blog", numbered("bltaaaa", number), numbered("Post ", number), fields, locales);
  }
}

void Seeder::add_others() {
  for (int i = 0; i < 10; ++i) {
    const Json author = {{"name", numbered("Author ", i)},
                         {"bio", prose(static_cast<unsigned>(i) + 7, 30)},
                         {"org", Json::array({reference("org", numbered("bltorg", i % 2))})}};
    add_entry("author", numbered("bltauthor", i), numbered("Author ", i), author, {});
    const Json page = {
        {"url", numbered("/page-", i)},
        {"body", prose(static_cast<unsigned>(i) + 77, 40)},
        {"section", Json::array({reference("blog", numbered("bltaaaa", 1111 + i))})}};
    add_entry("page", numbered("bltpage", i), numbered("Page ", i), page, {});
  }
  for (int i = 0; i < 2; ++i) {
    add_entry("org", numbered("bltorg", i), numbered("Org ", i), {{"country", "NL"}}, {});
  }
  const Json links =
      Json::array({{{"title", "Home"}, {"href", "/"}}, {{"title", "Blog"}, {"href", "/blog"}}});
  add_entry("header", "blthead", "Header", {{"navigation", links}}, {"fr-fr"});
  if (space_.environment() == "staging") {
    add_entry("page", "bltstaging", "Staging only", {{"url", "/staging"}}, {});
  }
  if (space_.branch() == "develop") {
    add_entry("page", "bltdevelop", "Develop only", {{"url", "/develop"}}, {});
  }
}

void Seeder::add_assets() {
  for (int i = 1; i <= 12; ++i) {
    const std::string uid = numbered("bltasset", i);
    space_.add(std::string(kAssetType), uid, std::string(kMasterLocale),
               asset_body(space_, uid, i == 1 ? "a.png" : numbered("picture-", i) + ".png"));
  }
}

void Seeder::add_schemas() {
  const Json seo = {{"display_name", "SEO"},
                    {"uid", "seo"},
                    {"data_type", "global_field"},
                    {"reference_to", "seo"}};
  auto& types = space_.content_types_;
  types.push_back(
      schema_object(space_, "blog",
                    Json::array({text_field("title", "Title"), text_field("url", "URL"),
                                 text_field("body", "Body"), reference_field("author", "author"),
                                 reference_field("related", "page"), seo})));
  types.push_back(
      schema_object(space_, "author",
                    Json::array({text_field("title", "Title"), text_field("name", "Name"),
                                 reference_field("org", "org")})));
  types.push_back(schema_object(space_, "header", Json::array({text_field("title", "Title")})));
  types.push_back(schema_object(
      space_, "page",
      Json::array({text_field("title", "Title"), reference_field("section", "blog")})));
  types.push_back(schema_object(space_, "org", Json::array({text_field("title", "Title")})));
  types.push_back(schema_object(space_, "sized", Json::array({text_field("title", "Title")})));
  space_.objects_["sized"];
  space_.global_fields_.push_back(schema_object(
      space_, "seo",
      Json::array({text_field("meta_title", "Meta title"), text_field("keywords", "Keywords")})));
}

void Seeder::add_term(const std::string& taxonomy, const std::string& uid,
                      const std::string& parent, int depth) {
  space_.terms_[taxonomy].push_back(
      {{"uid", uid},
       {"name", uid + " [" + space_.marker() + "]"},
       {"_marker", space_.marker()},
       {"taxonomy_uid", taxonomy},
       {"parent_uid", parent.empty() ? Json(nullptr) : Json(parent)},
       {"depth", depth},
       {"locale", kMasterLocale},
       {"created_at", kSeedTime},
       {"updated_at", kSeedTime},
       {"publish_details", publish_details(space_, std::string(kMasterLocale), kSeedTime)}});
}

void Seeder::add_taxonomies() {
  add_term("color", "warm", "", 1);
  add_term("color", "red", "warm", 2);
  add_term("color", "crimson", "red", 3);
  add_term("color", "scarlet", "red", 3);
  add_term("color", "blue", "", 1);
  add_term("appliances", "tv", "", 1);
  add_term("appliances", "led", "tv", 2);
  add_term("appliances", "oled", "led", 3);
  for (const auto& [uid, terms] : space_.terms_) {
    space_.taxonomies_.push_back(
        {{"uid", uid},
         {"name", uid + " [" + space_.marker() + "]"},
         {"_marker", space_.marker()},
         {"description", "taxonomy " + uid},
         {"terms_count", terms.size()},
         {"locale", kMasterLocale},
         {"created_at", kSeedTime},
         {"updated_at", kSeedTime},
         {"publish_details", publish_details(space_, std::string(kMasterLocale), kSeedTime)}});
  }
}

}  // namespace sandbox
