// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/sync_page.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace larder;

namespace {

using What = ContentChange::What;
using Action = ContentChange::Action;

std::optional<SyncPage> read(std::string_view body, std::size_t piece = 7) {
  SyncReading reading;
  for (std::size_t i = 0; i < body.size(); i += piece) reading.feed(body.substr(i, piece));
  return reading.finish();
}

std::string page_of(const std::string& items) {
  return R"({"items":[)" + items + R"(],"skip":0,"limit":100,"total_count":1,"sync_token":"blt1"})";
}

/// `type`, `more` = its other fields.
std::string item(const std::string& type, const std::string& more) {
  return R"({"type":")" + type + R"(","event_at":"2020-12-05T10:00:00.500Z",)" + more + "}";
}

}  // namespace

TEST_CASE("sync page: items become changes with their action and the locale of the publish") {
  struct Case {
    std::string name, item;
    What what;
    std::string content_type, uid;
    Action action;
    std::string locale;
  };
  const auto c = GENERATE(values<Case>({
      {"an entry that was published to another locale than its own",
       item(
           "entry_published",
           R"("content_type_uid":"blog","data":{"uid":"e1","locale":"en-us","author":[{"uid":"e9"}],
               "publish_details":{"environment":"blt9","locale":"en-gb","time":"t"}})"),
       What::entry, "blog", "e1", Action::published, "en-gb"},
      {"without publish details the locale is not known",
       item("entry_published", R"("content_type_uid":"blog","data":{"uid":"e1","locale":"en-us"})"),
       What::entry, "blog", "e1", Action::published, ""},
      {"an entry that was unpublished",
       item("entry_unpublished", R"("content_type_uid":"blog","data":{"uid":"e1","locale":"fr"})"),
       What::entry, "blog", "e1", Action::gone, "fr"},
      {"a deletion is in all locales",
       item("entry_deleted", R"("content_type_uid":"blog","data":{"uid":"e1","locale":"fr"})"),
       What::entry, "blog", "e1", Action::gone, ""},
      {"an asset",
       item(
           "asset_published",
           R"("content_type_uid":"sys_assets","data":{"publish_details":{"locale":"fr"},"uid":"a"})"),
       What::asset, "", "a", Action::published, "fr"},
      {"an asset that is gone",
       item("asset_deleted", R"("content_type_uid":"sys_assets","data":{"uid":"a"})"), What::asset,
       "", "a", Action::gone, ""},
      {"an asset without content type",
       item("asset_unpublished", R"("data":{"locale":"fr","uid":"a"})"), What::asset, "", "a",
       Action::gone, "fr"},
      {"a content type that is gone",
       item("content_type_deleted", R"("content_type_uid":"blog","data":{})"), What::content_type,
       "", "blog", Action::gone, ""},
      {"data before the type",
       R"({"data":{"uid":"e1"},"content_type_uid":"blog","event_at":"2020-12-05T10:00:00.500Z",)"
       R"("type":"entry_deleted"})",
       What::entry, "blog", "e1", Action::gone, ""},
  }));
  DYNAMIC_SECTION(c.name) {
    const auto page = read(page_of(c.item));
    REQUIRE(page);
    CHECK_FALSE(page->coarse);
    CHECK(page->lists_items);
    CHECK(page->sync_token == "blt1");
    REQUIRE(page->events.size() == 1);
    const SyncEvent& event = page->events[0];
    CHECK(event.at.ms == 1'607'162'400'500);
    CHECK(event.change.what == c.what);
    CHECK(event.change.content_type == c.content_type);
    CHECK(event.change.uid == c.uid);
    CHECK(event.change.action == c.action);
    CHECK(event.change.locale == c.locale);
  }
}

TEST_CASE("sync page: what cannot be followed is coarse, never nothing") {
  struct Case {
    std::string name, items;
    std::size_t events;
  };
  const std::string good = item("asset_deleted", R"("data":{"uid":"a"})");
  std::string many = good;
  for (std::size_t i = 0; i < SyncPage::kMaxEvents; ++i) many += "," + good;
  const auto c = GENERATE_COPY(values<Case>({
      {"an unknown type", item("release_deployed", R"("data":{"uid":"a"})") + "," + good, 1},
      {"no type", R"({"data":{"uid":"a"}})", 0},
      {"no uid", item("entry_published", R"("content_type_uid":"blog","data":{})"), 0},
      {"data that is no object", item("entry_published", R"("content_type_uid":"b","data":[1])"),
       0},
      {"a uid that is no text", item("asset_deleted", R"("data":{"uid":{"uid":"a"}})"), 0},
      {"no content type", item("entry_published", R"("data":{"uid":"e"})"), 0},
      {"a uid that is too long",
       item("asset_deleted", R"("data":{"uid":")" + std::string(5'000, 'a') + "\"}"), 0},
      {"a text in the place of an item", R"("entry_published",)" + good, 1},
      {"null in the place of an item", "null", 0},
      {"a list in the place of an item", R"([{"type":"asset_deleted"}])", 0},
      {"too many", many, SyncPage::kMaxEvents},
  }));
  DYNAMIC_SECTION(c.name) {
    const auto page = read(page_of(c.items), 1'000);
    REQUIRE(page);
    CHECK(page->coarse);
    CHECK(page->events.size() == c.events);
  }
}

TEST_CASE("sync page: a uid that an entry shows of others is not its own") {
  const auto page = read(page_of(item(
      "entry_published",
      R"("content_type_uid":"blog","data":{"seo":{"uid":"x","locale":"y"},"uid":"e1","r":[{"uid":"z"}],
         "publish_details":{"x":{"locale":"no"},"locale":"fr"}},"uid":"w")")));
  REQUIRE(page);
  REQUIRE(page->events.size() == 1);
  CHECK(page->events[0].change.uid == "e1");
  CHECK(page->events[0].change.locale == "fr");
}

TEST_CASE("sync page: tokens and refusals") {
  const auto next = read(R"({"items":[],"pagination_token":"blt2"})");
  REQUIRE(next);
  CHECK(next->pagination_token == "blt2");
  CHECK(next->sync_token.empty());
  const auto forgotten =
      read(R"({"error_message":"m","error_code":141,"errors":{"sync_token":["is not valid."]}})");
  REQUIRE(forgotten);
  CHECK(forgotten->error_code == 141);
  CHECK_FALSE(forgotten->blames_credential);
  CHECK_FALSE(forgotten->lists_items);
  const auto blamed =
      read(R"({"error_message":"m","error_code":141,"errors":{"access_token":["is not valid."]}})");
  REQUIRE(blamed);
  CHECK(blamed->blames_credential);
}

TEST_CASE("sync page: what is no whole JSON object is nothing") {
  const auto body = GENERATE(values<std::string>(
      {"", "[]", "[{\"items\":[]}]", "{\"items\":[", "{\"items\":[]}x", "<html>", "null"}));
  CAPTURE(body);
  CHECK_FALSE(read(body));
}
