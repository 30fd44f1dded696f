// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/raw_entry_finder.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include "cache/body/json_stream.h"
#include "daemon/events/sync_page.h"
#include "daemon/events/webhook_event.h"

using namespace larder;

namespace {

const std::string kEntry =
    R"({"uid":"a","locale":"en-us","_version":3,"created_by":"u1","updated_at":"2026-01-01T00:00:00.000Z",
      "author":[{"uid":"b","_content_type_uid":"author"}],
      "blocks":[{"card":{"target":[{"uid":"c","_content_type_uid":"page"}]}}],
      "image":{"uid":"x","filename":"x.png","_version":1,"updated_at":"2026"},
      "text":{"children":[{"attrs":{"entry-uid":"d"}}]}})";

const EntryVersion kVersion = *entry_version("a", "en-us", "3", "2026-01-01T00:00:00.000Z");

bool refers_to(const RawEntry& entry, const std::string& uid) {
  const auto& all = entry.references;
  return std::find(all.begin(), all.end(), reference_tag(uid)) != all.end();
}

std::optional<RawEntry> found_in(const std::string& text, std::size_t piece = 7) {
  RawEntryFinder finder({"data", "entry"});
  JsonStream stream(&finder);
  for (std::size_t at = 0; at < text.size(); at += piece) {
    REQUIRE(stream.feed(std::string_view(text).substr(at, piece)));
  }
  REQUIRE(stream.finish());
  return finder.take();
}

}  // namespace

TEST_CASE("raw entry finder: an entry on the path, with all that it refers to") {
  const auto [text, piece] = GENERATE(table<std::string, std::size_t>({
      {R"({"module":"entry","data":{"entry":)" + kEntry + R"(,"content_type":{"uid":"blog"}}})", 1},
      {R"({"data":{"other":{"entry":{}},"entry":)" + kEntry + "}}", 1'000},
      {R"({"entry":{"uid":"z"},"data":{"entry":)" + kEntry + R"(},"more":[{"entry":{}}]})", 5},
  }));
  CAPTURE(text, piece);
  const auto entry = found_in(text, piece);
  REQUIRE(entry);
  CHECK(entry->version == kVersion);
  for (const char* uid : {"b", "c", "d"}) {
    CAPTURE(uid);
    CHECK(refers_to(*entry, uid));
  }
  CHECK_FALSE(refers_to(*entry, "x"));
}

TEST_CASE("raw entry finder: lists of uids are references too") {
  const auto entry =
      found_in(R"({"data":{"entry":{"uid":"a","locale":"en","_version":1,"updated_at":"t",
      "title":"z","author":["b"],"blocks":[{"card":{"pages":["c","d"],"name":"y"}}]}}})");
  REQUIRE(entry);
  for (const char* uid : {"b", "c", "d"}) {
    CAPTURE(uid);
    CHECK(refers_to(*entry, uid));
  }
  for (const char* text : {"y", "z"}) CHECK_FALSE(refers_to(*entry, text));
}

TEST_CASE("raw entry finder: the values of the entry's own fields") {
  RawEntryFinder finder({"data", "entry"});
  JsonStream stream(&finder);
  REQUIRE(stream.feed(R"({"data":{"title":"no","entry":{"uid":"a","title":"T","price":7,
      "tags":["x",{"deep":"y"}],"seo":{"title":"Z"}},"url":"/no"}})"));
  const auto values = finder.take_values();
  REQUIRE(values);
  CHECK(*values == std::vector<FieldValue>{field_value("uid", "a"), field_value("title", "T"),
                                           field_value("price", "7"), field_value("tags", "x"),
                                           any_value("tags"), any_value("seo")});
  CHECK_FALSE(finder.take_values());
}

TEST_CASE("raw entry finder: nothing where not all is known") {
  const auto text = GENERATE(
      std::string(R"({"data":{}})"), R"({"data":{"entry":[]}})",
      R"({"data":{"entry":{"uid":"a","_version":3}}})", R"({"data":[{"entry":)" + kEntry + "}]}",
      R"({"data":{"entry":{"uid":"a","locale":"en","_version":3,"updated_at":"t",
                                "author":[{"uid":")" +
          std::string(200, 'u') + R"(","_content_type_uid":"author"}]}}})",
      R"({"data":{"deep":{"entry":)" + kEntry + "}}}");
  CAPTURE(text);
  CHECK_FALSE(found_in(text));
}

TEST_CASE("raw entry finder: each published entry of a page of sync") {
  const std::string item =
      R"({"type":"entry_published","data":)" + kEntry + R"(,"content_type_uid":"blog"})";
  const std::string gone =
      R"({"type":"entry_unpublished","content_type_uid":"blog","data":{"uid":"a","locale":"en-us"}})";
  const std::string asset =
      R"({"type":"asset_published","content_type_uid":"sys_assets","data":{"uid":"x","filename":"f","_version":1}})";
  SyncReading reading;
  reading.feed(R"({"items":[)" + item + "," + gone + "," + asset + "," + item +
               R"(],"sync_token":"t"})");
  const auto page = reading.finish();
  REQUIRE(page);
  CHECK(page->events.size() == 4);
  REQUIRE(page->entries.size() == 2);
  CHECK(page->entries[0].version == kVersion);
  CHECK(page->entries[0].content_type == content_tag("blog"));
  CHECK(refers_to(page->entries[1], "c"));
  for (const std::size_t i : {0U, 3U}) CHECK(page->events[i].change.values);
  for (const std::size_t i : {1U, 2U}) CHECK_FALSE(page->events[i].change.values);
}

TEST_CASE("raw entry finder: the whole entry of a webhook, and of no other") {
  const auto with = [](const std::string& event, const std::string& entry) {
    const auto read =
        read_webhook_event(R"({"module":"entry","api_key":"blt1","event":")" + event +
                               R"(","data":{"entry":)" + entry +
                               R"(,"content_type":{"uid":"blog"},"environment":{"name":"e"},
                                               "branch":{"uid":"main","alias":[]}}})",
                           {1'000});
    REQUIRE(read);
    REQUIRE(read->order);
    CHECK(read->order->changes[0].values.has_value() == read->entry.has_value());
    WebhookEvent unproven = *read;
    unproven.distrust();
    CHECK_FALSE(unproven.entry);
    CHECK_FALSE(unproven.order->changes[0].values);
    return read->entry;
  };
  const auto entry = with("publish", kEntry);
  REQUIRE(entry);
  CHECK(entry->version == kVersion);
  CHECK(entry->content_type == content_tag("blog"));
  CHECK(refers_to(*entry, "b"));
  CHECK_FALSE(with("unpublish", kEntry));
  std::string concise = kEntry;
  concise.replace(concise.find("created_by"), 10, "created_at");
  CHECK_FALSE(with("publish", concise));
}
