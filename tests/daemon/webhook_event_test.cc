// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/webhook_event.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace larder;

namespace {

using What = ContentChange::What;
using Action = ContentChange::Action;

constexpr WallTime kNow{1'700'000'000'000};

/// `data` without its braces.
std::string event(const std::string& module, const std::string& word, const std::string& data) {
  return R"({"module":")" + module + R"(","api_key":"blt1","event":")" + word +
         R"(","triggered_at":"2020-04-03T11:20:28.312Z","data":{)" + data + "}}";
}

const std::string kEntry = R"("entry":{"uid":"e1","locale":"en-us"},"content_type":{"uid":"blog"})";
const std::string kPlace =
    R"(,"environment":{"name":"production","uid":"bltenv"},"locale":"fr-fr","status":"success")";
const std::string kBranch = R"(,"branch":{"uid":"main","alias":["live","now"],"source":""})";

std::string words_of(const ContentChange& change) {
  const char* what = change.what == What::entry          ? "entry"
                     : change.what == What::asset        ? "asset"
                     : change.what == What::content_type ? "content_type"
                     : change.what == What::global_field ? "global_field"
                                                         : "taxonomy";
  const char* action = change.action == Action::published ? "published"
                       : change.action == Action::gone    ? "gone"
                                                          : "unknown";
  return std::string(what) + " " + change.content_type + "/" + change.uid + " " + action + " " +
         change.locale;
}

/// `KIND api_key/environment/branch+aliases: CHANGES`
std::string words_of(const WebhookEvent& event) {
  if (!event.order) return "nothing";
  const PurgeOrder& order = *event.order;
  std::string text = order.what == PurgeOrder::What::scope    ? "scope "
                     : order.what == PurgeOrder::What::change ? "change "
                                                              : "?";
  text += order.api_key + "/" + order.environment + "/" + order.branch;
  for (const std::string& alias : order.aliases) text += "+" + alias;
  if (!order.moved_to.empty()) text += " = " + order.moved_to;
  for (const ContentChange& change : order.changes) text += ": " + words_of(change);
  return text;
}

std::string words_of(const std::string& body) {
  const auto read = read_webhook_event(body, kNow);
  return read ? words_of(*read) : "mistake";
}

}  // namespace

TEST_CASE("webhook event: every kind of event purges what it names, and no more", "[daemon]") {
  struct Case {
    std::string name, body, purged;
    bool coarse = false;
  };
  const std::string asset = R"("asset":{"uid":"a1","publish_details":[{"uid":"x"}]})";
  const Case c = GENERATE_COPY(values<Case>({
      {"publish of an entry", event("entry", "publish", kEntry + kPlace + kBranch),
       "change blt1/production/main+live+now: entry blog/e1 published fr-fr"},
      {"unpublish of an entry", event("entry", "unpublish", kEntry + kPlace + kBranch),
       "change blt1/production/main+live+now: entry blog/e1 gone fr-fr"},
      {"deletion of an entry: in all environments",
       event("entry", "delete", kEntry + kPlace + kBranch),
       "change blt1//main+live+now: entry blog/e1 gone "},
      {"creation of an entry", event("entry", "create", kEntry + kBranch), "nothing"},
      {"change of a draft", event("entry", "update", kEntry + kBranch), "nothing"},
      {"publish that failed",
       event("entry", "publish",
             kEntry + R"(,"environment":{"name":"production"},"status":"fail")"),
       "nothing"},
      {"another word about an entry", event("entry", "moved", kEntry + kBranch),
       "change blt1//main+live+now: entry blog/e1 unknown "},
      {"publish of a variant",
       event("entry_variant", "publish",
             R"("entry_variant":{"uid":"v1","entry_uid":"e1"},"content_type":{"uid":"blog"})" +
                 kPlace + kBranch),
       "change blt1/production/main+live+now: entry blog/e1 unknown "},
      {"unpublish of a variant: the entry stays",
       event("entry_variant", "unpublish",
             R"("entry_variant":{"entry_uid":"e1"},"content_type":{"uid":"blog"})" + kPlace),
       "change blt1/production/: entry blog/e1 unknown "},
      {"publish of an asset", event("asset", "publish", asset + kPlace + kBranch),
       "change blt1/production/main+live+now: asset /a1 published fr-fr"},
      {"unpublish of an asset", event("asset", "unpublish", asset + kPlace),
       "change blt1/production/: asset /a1 gone fr-fr"},
      {"deletion of an asset", event("asset", "delete", asset), "change blt1//: asset /a1 gone "},
      {"new asset", event("asset", "create", asset), "nothing"},
      {"deletion of a folder", event("asset", "delete", R"("asset":{"uid":"f","is_dir":true})"),
       "scope blt1//", true},
      {"deletion of a folder, by its module",
       event("asset_folder", "delete", R"("asset":{"uid":"f"})"), "scope blt1//", true},
      {"new folder", event("asset", "create", R"("asset":{"uid":"f","is_dir":true})"), "nothing"},
      {"change of a content type",
       event("content_type", "update", R"("content_type":{"uid":"blog"})" + kBranch),
       "change blt1//main+live+now: content_type /blog unknown "},
      {"new content type", event("content_type", "create", R"("content_type":{"uid":"blog"})"),
       "change blt1//: content_type /blog unknown "},
      {"deletion of a content type",
       event("content_type", "delete", R"("content_type":{"uid":"blog"})"),
       "change blt1//: content_type /blog gone "},
      {"change of a global field",
       event("global_field", "update", R"("global_field":{"uid":"seo"})"), "scope blt1//"},
      {"a new global field", event("global_field", "create", R"("global_field":{"uid":"seo"})"),
       "change blt1//: global_field /seo unknown "},
      {"change of a taxonomy", event("taxonomy", "update", R"("taxonomy":{"uid":"colors"})"),
       "change blt1//: taxonomy /colors unknown "},
      {"change of a term",
       event("term", "update", R"("term":{"uid":"red","taxonomy_uid":"colors"})"),
       "change blt1//: taxonomy /colors unknown "},
      {"alias that moves",
       event("branch_alias", "assigned", R"("branch_alias":{"alias":"live","uid":"develop"})"),
       "scope blt1//live+develop = develop"},
      {"alias by an unknown shape",
       event("branch_alias", "assigned", R"("branch_alias":{"uid":"live"})"), "scope blt1//", true},
      {"locale", event("locale", "update", R"("locale":{"code":"fr-fr"})"), "scope blt1//", true},
      {"environment", event("environment", "update", R"("environment":{"name":"production"})"),
       "scope blt1//", true},
      {"branch", event("branch", "delete", R"("branch":{"uid":"old","alias":[]})"), "scope blt1//",
       true},
      {"event that nobody knows", event("comet", "landed", R"("comet":{})"), "scope blt1//", true},
      {"event without words", R"({"api_key":"blt1"})", "scope blt1//", true},
      {"bulk publish that is done", event("jobs", "completed", R"("job":{"success":9})"),
       "nothing"},
      {"entry without content type", event("entry", "publish", R"("entry":{"uid":"e1"})" + kPlace),
       "scope blt1//", true},
      {"entry without uid", event("entry", "publish", R"("content_type":{"uid":"blog"})" + kPlace),
       "scope blt1//", true},
      {"entry whose uid is a number",
       event("entry", "publish", R"("entry":{"uid":7},"content_type":{"uid":"blog"})"),
       "scope blt1//", true},
      {"entry whose uid is too long",
       event("entry", "delete",
             R"("content_type":{"uid":"blog"},"entry":{"uid":")" + std::string(257, 'a') + "\"}"),
       "scope blt1//", true},
      {"asset without uid", event("asset", "delete", R"("asset":{})"), "scope blt1//", true},
      {"schema without uid", event("global_field", "update", ""), "scope blt1//", true},
      {"taxonomy without uid", event("taxonomy", "update", ""), "scope blt1//", true},
  }));
  DYNAMIC_SECTION(c.name) {
    CHECK(words_of(c.body) == c.purged);
    const auto read = read_webhook_event(c.body, kNow);
    REQUIRE(read);
    CHECK(read->coarse == c.coarse);
    CHECK_FALSE(read->subject.empty());
  }
}

TEST_CASE("webhook event: what the branch does not say widens the purge", "[daemon]") {
  struct Case {
    std::string name, branch, purged;
  };
  const Case c = GENERATE(values<Case>({
      {"none", "", "blt1/production/"},
      {"no list of aliases", R"(,"branch":{"uid":"main"})", "blt1/production/"},
      {"an empty list", R"(,"branch":{"uid":"main","alias":[]})", "blt1/production/main"},
      {"a list", R"(,"branch":{"alias":["a"],"uid":"main"})", "blt1/production/main+a"},
      {"no uid", R"(,"branch":{"alias":["a"]})", "blt1/production/"},
      {"null", R"(,"branch":{"uid":"main","alias":null})", "blt1/production/"},
      {"objects", R"(,"branch":{"uid":"main","alias":[{"uid":"a"}]})", "blt1/production/"},
      {"a number", R"(,"branch":{"uid":"main","alias":[1]})", "blt1/production/"},
      {"a text", R"(,"branch":"main")", "blt1/production/"},
  }));
  DYNAMIC_SECTION(c.name) {
    CHECK(words_of(event("entry", "publish", kEntry + kPlace + c.branch)) ==
          "change " + c.purged + ": entry blog/e1 published fr-fr");
  }
  std::string many;
  for (int i = 0; i < 65; ++i) many += (i == 0 ? "\"a" : ",\"a") + std::to_string(i) + "\"";
  CHECK(words_of(event("entry", "delete",
                       kEntry + R"(,"branch":{"uid":"main","alias":[)" + many + "]}")) ==
        "change blt1//: entry blog/e1 gone ");
}

TEST_CASE("webhook event: without environment all environments are purged", "[daemon]") {
  for (const char* environment : {"", R"(,"environment":{"uid":"x"})", R"(,"environment":"live")",
                                  R"(,"environment":{"name":null})"}) {
    CAPTURE(environment);
    CHECK(words_of(event("entry", "publish", kEntry + environment)) ==
          "change blt1//: entry blog/e1 published ");
  }
}

TEST_CASE("webhook event: a release is one purge of all that is in it", "[daemon]") {
  const std::string first =
      R"({"uid":"e1","version":3,"action":"publish","locale":"en-us","content_type_uid":"blog"})";
  const std::string rest =
      R"({"uid":"a1","action":"unpublish","locale":"fr-fr","content_type_uid":"built_io_upload"},)"
      R"({"uid":"e2","content_type_uid":"page"})";
  const auto release = [](const std::string& items, const std::string& word = "deploy") {
    return event("release", word,
                 R"("release":{"uid":"r","items":[)" + items + "]}" + kPlace + kBranch);
  };
  CHECK(words_of(release(first + "," + rest)) ==
        "change blt1/production/main+live+now: entry blog/e1 published en-us: asset /a1 gone fr-fr"
        ": entry page/e2 unknown ");
  CHECK(words_of(release("")) == "nothing");
  CHECK(words_of(release(first, "create")) == "nothing");
  CHECK(words_of(release(R"({"uid":"e1"})")) == "scope blt1//");
  CHECK(words_of(event("release", "deploy", R"("release":{"uid":"r"})")) == "scope blt1//");
  CHECK(words_of(event("release", "deploy", R"("release":{"items":{}})")) == "scope blt1//");
  for (const char* odd : {"\"e1\"", "7", "null", "[]"}) {
    CHECK(words_of(release(odd)) == "scope blt1//");
    CHECK(words_of(release(first + "," + odd)) == "scope blt1//");
  }
  std::string items = first;
  for (int i = 1; i < 1'024; ++i) items += "," + first;
  CHECK(read_webhook_event(release(items), kNow)->order->changes.size() == 1'024);
  CHECK(words_of(release(items + "," + first)) == "scope blt1//");
}

TEST_CASE("webhook event: what is no event of a stack is a mistake", "[daemon]") {
  const std::string whole = event("entry", "publish", kEntry);
  const auto body = GENERATE_COPY(
      as<std::string>{}, "", "null", "[]", "7", "\"api_key\"", "{", "{}", R"({"api_key":""})",
      R"({"api_key":7})", R"({"api_key":{"uid":"blt1"}})", R"({"data":{"api_key":"blt1"}})",
      R"([{"api_key":"blt1"}])", whole + whole, whole.substr(0, whole.size() - 1), "\xff" + whole,
      R"({"api_key":"bl)" + std::string(1, '\xff') + "\"}",
      R"({"api_key":")" + std::string(257, 'a') + "\"}", std::string(2'000, '['),
      R"({"api_key":"blt1","data":)" + std::string(1'100, '[') + std::string(1'100, ']') + "}");
  CAPTURE(body.substr(0, 80));
  CHECK(words_of(body) == "mistake");
}

TEST_CASE("webhook event: of a name that is there twice the last one counts", "[daemon]") {
  const std::string twice =
      R"({"api_key":"blt0","module":"entry","event":"delete","api_key":"blt1",)"
      R"("data":{"entry":{"uid":"e0"},"content_type":{"uid":"blog"},"branch":{"uid":"main",)"
      R"("alias":[]}},"data":{"content_type":{"uid":"page"},"entry":{"uid":"e0","uid":"e1"}}})";
  CHECK(words_of(twice) == "change blt1//: entry page/e1 gone ");
  CHECK(words_of(R"({"api_key":"blt1","api_key":7})") == "mistake");
  CHECK(words_of(R"({"api_key":"blt1","data":{"entry":{"uid":"e"}},"data":7,"module":"entry"})") ==
        "scope blt1//");
}

TEST_CASE("webhook event: fields of the entry cannot pose as those of the event", "[daemon]") {
  const std::string fields =
      R"("entry":{"api_key":"blt2","uid":"e1","data":{"entry":{"uid":"e2"}},"tags":[{"uid":"e3"}],)"
      R"("content_type":{"uid":"c2"},"deep":[[[[[[{"uid":"e4","data":{"branch":{"uid":"b"}}}]]]]]]})"
      R"(,"content_type":{"uid":"blog","schema":[{"uid":"title"}]},"entry.uid":"e5")"
      R"(,"environment":{"name":"production"})";
  CHECK(words_of(event("entry", "publish", fields)) ==
        "change blt1/production/: entry blog/e1 published ");
}

TEST_CASE("webhook event: when it happened is never ahead of now", "[daemon]") {
  struct Case {
    std::string at;
    std::int64_t triggered_ms, happened_ms;
  };
  const Case c = GENERATE(values<Case>({
      {R"("2020-04-03T11:20:28.312Z")", 1'585'912'828'312, 1'585'912'828'312},
      {R"("2033-05-18T03:33:20Z")", 2'000'000'000'000, 1'700'000'000'000},
      {R"("yesterday")", 0, 1'700'000'000'000},
      {"1585912828312", 0, 1'700'000'000'000},
      {"null", 0, 1'700'000'000'000},
  }));
  CAPTURE(c.at);
  const auto read = read_webhook_event(
      R"({"api_key":"blt1","module":"asset","event":"delete","data":{"asset":{"uid":"a"}},)"
      R"("triggered_at":)" +
          c.at + "}",
      kNow);
  REQUIRE(read);
  CHECK(read->triggered.ms == c.triggered_ms);
  CHECK(read->order->happened.ms == c.happened_ms);
}

TEST_CASE("webhook event: values count only where the entry is in the version that was published") {
  const auto [version, known] = GENERATE(table<std::string, bool>({{"5", true}, {"3", false}}));
  CAPTURE(version);
  const auto read = read_webhook_event(
      event(
          "entry", "publish",
          R"("entry":{"uid":"e1","locale":"fr-fr","url":"/new","_version":5,"created_by":"u",)"
          R"("publish_details":[{"environment":"bltenv","locale":"fr-fr","time":"2020-04-03T11:20:27Z",)"
          R"("version":)" +
              version + R"(}]},"content_type":{"uid":"blog"})" + kPlace + kBranch),
      kNow);
  REQUIRE(read);
  REQUIRE(read->order);
  CHECK(read->order->changes.front().values.has_value() == known);
}
