// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/fill.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include "cache/tags/event_time.h"
#include "tests/daemon/fill_fakes.h"

using namespace larder;
using test::FillFixture;
using test::kJson;
using State = Fill::State;

namespace {

const std::string kBody = "{\"entry\":1}";
const std::string kRejection = "{\"error_code\":105}";

std::vector<std::string> with_length(std::size_t bytes) {
  auto lines = kJson;
  lines.push_back("Content-Length: " + std::to_string(bytes));
  return lines;
}

}  // namespace

TEST_CASE("fill: its leader gets a small answer in one event, and the store gets it too",
          "[daemon]") {
  FillFixture f;
  Fill& fill = f.start();
  CHECK(f.transfers.at(0).lane == Lane::visitor);
  f.transfers.answer(0, 200, kJson, kBody);
  CHECK(f.got(1).events == 1);
  CHECK(f.got(1).complete());
  CHECK(f.got(1).body == kBody);
  CHECK(f.got(1).stored);
  CHECK(f.got(1).source == AnswerSource::fill);
  CHECK(f.got(1).head->body_length == kBody.size());
  CHECK_FALSE(f.got(1).head->etag.empty());
  CHECK(fill.state() == State::committing);
  REQUIRE(f.store.committed.size() == 1);
  const auto& [object, body] = f.store.committed.front();
  CHECK(body == kBody);
  CHECK(object.meta.body_length == kBody.size());
  CHECK(format_entity_tag(object.meta.etag) == f.got(1).head->etag);
  CHECK(object.canonical == "/v3/a");
  CHECK(f.credentials.accepted == 1);
  CHECK(f.owner.verdicts == std::vector{StoreVerdict::storable});
  CHECK(f.owner.over == std::vector<std::uint64_t>{1});
}

TEST_CASE("fill: an object carries the tags of its path and of what its body shows", "[daemon]") {
  const bool found = GENERATE(true, false);
  const bool includes = GENERATE(true, false);
  CAPTURE(found, includes);
  FillFixture f;
  auto order = f.order(1);
  order.request.path = "/v3/content_types/blog/entries/a";
  if (includes) order.request.query = "include%5B%5D=by";
  f.start(std::move(order));
  f.transfers.answer(
      0, found ? 200 : 422, kJson,
      found ? R"({"entry":{"uid":"a","by":[{"uid":"b","_content_type_uid":"author"}]}})"
            : R"({"error_code":141,"errors":{"uid":["is not valid."]}})");
  REQUIRE(f.store.committed.size() == 1);
  const std::string& tags = f.store.committed.front().head.tags;
  CHECK(has_any_tag(tags, std::vector{reference_tag("a")}));
  CHECK(has_any_tag(tags, std::vector{entry_tag("a")}) == found);
  CHECK(has_any_tag(tags, std::vector{includes ? reference_tag("b") : stub_tag("b")}) == found);
  CHECK(has_any_tag(tags, std::vector{content_tag("author")}) == found);
  CHECK(has_any_tag(tags, std::vector{schema_tag("blog")}) == !found);
  CHECK_FALSE(has_any_tag(tags, std::vector{unknown_tag(), any_list_tag(), arrival_tag("blog")}));
}

TEST_CASE("fill: who joins gets what has arrived, then the rest", "[daemon]") {
  FillFixture f;
  Fill& fill = f.start();
  fill.join(f.order(2));
  CHECK(f.got(2).events == 0);
  f.transfers.head(0, 200, kJson, kBody.substr(0, 4));
  fill.join(f.order(3));
  CHECK(f.got(3).body == kBody.substr(0, 4));
  f.transfers.end(0, kBody.substr(4));
  for (const std::uint64_t waiter : {1, 2, 3}) {
    CAPTURE(waiter);
    CHECK(f.got(waiter).body == kBody);
    CHECK(f.got(waiter).complete());
    CHECK(f.got(waiter).stored);
  }
  CHECK(f.got(3).source == AnswerSource::joined);
  CHECK(fill.joinable(f.owner.now));
  fill.join(f.order(4));
  CHECK(f.got(4).body == kBody);
  CHECK(f.got(4).complete());
  CHECK(f.got(4).source == AnswerSource::committed);
  CHECK(fill.waiters() == 0);
  CHECK_FALSE(fill.joinable({f.owner.now.ms + 1'000'000'000}));  // no longer fresh
}

TEST_CASE("fill: what a cache on the way had since before a change counts as asked for before",
          "[daemon]") {
  struct Case {
    const char* age;
    bool outdated;
  };
  // The change happened 10 s before the request; Age is in whole seconds.
  const auto c = GENERATE(Case{"X-A: b", false}, Case{"Age: 0", false}, Case{"Age: 8", false},
                          Case{"Age: 9", false}, Case{"Age: 10", true}, Case{"Age: 78006", true});
  CAPTURE(c.age);
  FillFixture f;
  f.store.changed = {f.owner.now.ms - 10'000};
  Fill& fill = f.start();
  auto lines = kJson;
  lines.emplace_back(c.age);
  f.transfers.answer(0, 200, lines, kBody);
  CHECK(f.got(1).body == kBody);
  CHECK(fill.outdated() == c.outdated);
  CHECK(fill.joinable(f.owner.now) != c.outdated);
  REQUIRE(f.store.committed.size() == 1);
  CHECK(f.store.committed.front().head.epoch == (c.outdated ? 4u : 5u));
}

TEST_CASE("fill: what shows an older publishing than an event told is outdated, whatever its age",
          "[daemon]") {
  const auto [time, fence, outdated] = GENERATE(table<std::string, bool, bool>({
      {"2026-01-01T10:00:00.000Z", true, true},
      {"2026-01-01T10:00:05.000Z", true, false},
      {"2026-01-01T10:00:00.000Z", false, false},
  }));
  CAPTURE(time, fence);
  FillFixture f;
  f.store.changed = {1};  // any purge
  f.settings->config.purge.fence = fence;
  PurgeOrder order;
  order.what = PurgeOrder::What::change;
  auto filling = f.order(1);
  order.api_key = filling.scope->api_key;
  order.environment = filling.scope->environment;
  order.branch = filling.scope->branch;
  order.changes = {{ContentChange::What::entry, "blog", "a", ContentChange::Action::published,
                    "en-us", *parse_event_time("2026-01-01T10:00:05.000Z")}};
  f.published.note(order, f.owner.now);
  Fill& fill = f.start(std::move(filling));
  f.transfers.answer(0, 200, kJson,
                     R"({"entry":{"uid":"a","locale":"en-us","_version":1,"publish_details":
                         {"locale":"en-us","time":")" +
                         time + R"("}}})");
  CHECK(fill.outdated() == outdated);
  REQUIRE(f.store.committed.size() == 1);
  CHECK(f.store.committed.front().head.epoch == (outdated ? 4u : 5u));
}

TEST_CASE("fill: past caches it asks in words that none of them knows", "[daemon]") {
  FillFixture f;
  FillOrder order = f.order(1);
  order.past_caches = GENERATE(false, true);
  const bool past = order.past_caches;
  f.start(std::move(order));
  CHECK((f.transfers.at(0).request.url.find("larder_fill=") != std::string::npos) == past);
}

TEST_CASE("fill: who leaves is not served; the others are, and the store", "[daemon]") {
  FillFixture f;
  Fill& fill = f.start();
  fill.join(f.order(2));
  f.transfers.head(0, 200, kJson, "[");
  fill.leave({&f.out, 1});
  fill.leave({&f.out, 2});
  CHECK(fill.waiters() == 0);
  f.transfers.end(0, "]");
  CHECK_FALSE(f.got(1).complete());
  CHECK(f.store.committed.size() == 1);
}

TEST_CASE("fill: a refresh has no leader and takes the lane of refreshes until a visitor joins",
          "[daemon]") {
  FillFixture f;
  Fill& fill = f.start(test::order_for({}));
  CHECK(f.transfers.at(0).lane == Lane::refresh);
  SECTION("nobody joins") {
    f.transfers.answer(0, 200, kJson, kBody);
    CHECK(f.store.committed.size() == 1);
  }
  SECTION("somebody does") {
    CHECK(fill.promote(Lane::visitor));
    CHECK(f.transfers.at(0).lane == Lane::visitor);
    fill.join(f.order(2));
    f.transfers.answer(0, 200, kJson, kBody);
    CHECK(f.got(2).body == kBody);
  }
  SECTION("or cannot, where visitors queue too") {
    f.transfers.full = true;
    CHECK_FALSE(fill.promote(Lane::visitor));
  }
}

TEST_CASE("fill: an answer for one client is not shared and not kept", "[daemon]") {
  FillFixture f;
  Fill& fill = f.start();
  fill.join(f.order(2));
  auto lines = kJson;
  lines.push_back("Cache-Control: private");
  f.transfers.head(0, 200, lines, "{");
  CHECK(fill.state() == State::passing);
  CHECK_FALSE(fill.joinable(f.owner.now));
  REQUIRE(f.owner.unshared.size() == 1);
  CHECK(f.owner.unshared.front().waiter.id == 2);
  CHECK(f.owner.unshared.front().canonical == "/v3/a");
  CHECK(f.owner.why == Unshareable::lasting);
  f.transfers.end(0, "}");
  CHECK(f.got(1).body == "{}");
  CHECK(f.got(1).complete());
  CHECK_FALSE(f.got(1).stored);
  CHECK(f.got(2).events == 0);
  CHECK(f.store.committed.empty());
  CHECK(f.owner.verdicts == std::vector{StoreVerdict::is_private});
  CHECK(f.owner.fill == nullptr);
}

TEST_CASE("fill: an answer for one client ends when that one leaves", "[daemon]") {
  FillFixture f;
  Fill& fill = f.start();
  auto lines = kJson;
  lines.push_back("Set-Cookie: a=b");
  f.transfers.head(0, 200, lines, "{");
  fill.leave({&f.out, 1});
  CHECK(f.owner.fill == nullptr);
  CHECK(f.transfers.at(0).abandoned);
}

TEST_CASE("fill: of trouble at the origin, who can fall back gets a failure, others a retry",
          "[daemon]") {
  const int status = GENERATE(500, 503, 429, 408);
  FillFixture f;
  Fill& fill = f.start();
  fill.join(f.order(2, true));
  fill.join(f.order(3));
  f.transfers.head(0, status, kJson, "oh");
  CHECK(f.got(2).failed());
  CHECK(f.got(2).failure);
  REQUIRE(f.owner.unlucky.size() == 1);
  CHECK(f.owner.unlucky.front().waiter.id == 3);
  CHECK(f.got(1).head->status == status);
  f.transfers.end(0);
  CHECK(f.got(1).body == "oh");
  CHECK(f.got(1).complete());
  CHECK(f.store.committed.empty());
}

TEST_CASE("fill: nobody gets a redirect", "[daemon]") {
  FillFixture f;
  f.start().join(f.order(2));
  f.transfers.head(0, 302, {"Location: http://elsewhere/"}, "there");
  CHECK(f.got(1).failed());
  CHECK(f.got(1).head == nullptr);
  CHECK(f.owner.unlucky.size() == 1);
  CHECK(f.owner.fill == nullptr);
  CHECK(f.transfers.at(0).abandoned);
}

TEST_CASE("fill: a rejection is told when it is whole, to its leader; the rest is for the owner",
          "[daemon]") {
  const int status = GENERATE(401, 403, 412);
  FillFixture f;
  Fill& fill = f.start(f.order(1, true));
  fill.join(f.order(2));
  f.transfers.head(0, status, kJson, kRejection.substr(0, 5));
  CHECK(fill.state() == State::held_back);
  CHECK(f.got(1).events == 0);
  CHECK_FALSE(fill.joinable(f.owner.now));
  f.transfers.end(0, kRejection.substr(5));
  CHECK(f.credentials.rejected == std::vector{kRejection});
  CHECK(f.got(1).body == kRejection);
  CHECK(f.got(1).head->status == status);
  CHECK(f.got(1).head->body_length == kRejection.size());
  CHECK(f.got(1).events == 1);
  REQUIRE(f.owner.unshared.size() == 1);
  CHECK(f.owner.why == Unshareable::refusal);
  CHECK(f.store.committed.empty());
  CHECK(f.owner.fill == nullptr);
}

TEST_CASE("fill: a refusal in other words is no rejection of the credential", "[daemon]") {
  const std::string body =
      GENERATE(as<std::string>(), "{\"error_code\":141}", "<html>", "{\"error_code\":105",
               "{\"error_code\":105,\"fill\":\"" + std::string(5'000, 'x') + "\"}");
  const bool at_once = GENERATE(true, false);
  FillFixture f;
  Fill& fill = f.start();
  fill.join(f.order(2));
  fill.join(f.order(3, true));
  if (at_once) {
    f.transfers.answer(0, 403, kJson, body);
  } else {
    f.transfers.head(0, 403, kJson, body.substr(0, 3));
    f.transfers.end(0, body.substr(3));
  }
  CHECK(f.credentials.rejected.empty());
  CHECK(f.got(1).body == body);
  CHECK(f.got(1).complete());
  CHECK(f.got(3).failed());
  CHECK(f.owner.unshared.size() == 1);
  CHECK(f.owner.why == Unshareable::brief);
}

TEST_CASE("fill: who can fall back gets the new answer whole, or a failure", "[daemon]") {
  FillFixture f;
  Fill& fill = f.start();
  fill.join(f.order(2, true));
  f.transfers.head(0, 200, kJson, "{\"a\":");
  CHECK(f.got(1).body == "{\"a\":");
  CHECK(f.got(2).events == 0);
  SECTION("whole") {
    f.transfers.end(0, "1}");
    CHECK(f.got(2).body == "{\"a\":1}");
    CHECK(f.got(2).complete());
  }
  SECTION("cut off") {
    f.transfers.fail(0);
    CHECK(f.got(2).failed());
    CHECK(f.got(2).failure);
    CHECK(f.got(1).failed());
    CHECK_FALSE(f.got(1).failure);
  }
  SECTION("not well-formed") {
    f.transfers.end(0, "1");
    CHECK(f.got(2).failed());
    CHECK(f.got(1).complete());
    CHECK(f.owner.verdicts == std::vector{StoreVerdict::malformed_json});
  }
  CHECK(f.store.committed.size() == (f.got(2).complete() ? 1 : 0));
  CHECK(f.store.open == (f.got(2).complete() ? 1 : 0));
}

TEST_CASE("fill: a body that was not good from the start is the leader's; the others may try again",
          "[daemon]") {
  FillFixture f;
  f.start().join(f.order(2));
  f.transfers.answer(0, 200, kJson, "<html>");
  CHECK(f.got(1).body == "<html>");
  CHECK(f.got(1).complete());
  CHECK(f.owner.unshared.empty());
  REQUIRE(f.owner.unlucky.size() == 1);
  CHECK(f.owner.refusal.status == 502);
  CHECK(f.store.committed.empty());
  CHECK(f.credentials.accepted == 0);
}

TEST_CASE("fill: who has a stale object never gets the origin's trouble instead", "[daemon]") {
  struct Case {
    const char* name;
    int status;
    std::vector<std::string> lines;
    std::string body;
  };
  const auto c = GENERATE(values<Case>({
      {"200 HTML", 200, {"Content-Type: text/html"}, "<html>"},
      {"200 without a type", 200, {}, "{}"},
      {"404 HTML", 404, {"Content-Type: text/html"}, "<html>"},
      {"400 HTML", 400, {"Content-Type: text/html"}, "<html>"},
      {"403 HTML", 403, {"Content-Type: text/html"}, "<html>"},
      {"204", 204, {}, ""},
      {"206", 206, kJson, "{}"},
      {"HTML that says JSON", 200, kJson, "<html>"},
      {"JSON that is cut", 200, kJson, "{\"entry\":"},
      {"no object of the API", 200, kJson, "{}"},
      {"an error document with 200", 200, kJson, "{\"error_code\":141}"},
      {"a body beyond cache.max_decoded", 200, kJson, "[\"" + std::string(5'000, 'x') + "\"]"},
  }));
  const bool at_once = GENERATE(true, false);
  DYNAMIC_SECTION(c.name << (at_once ? ", at once" : "")) {
    FillFixture f;
    f.settings->config.cache.max_decoded_bytes = 4'000;
    Fill& fill = f.start(f.order(1, true));
    fill.join(f.order(2, true));
    if (at_once) {
      f.transfers.answer(0, c.status, c.lines, c.body);
    } else {
      f.transfers.head(0, c.status, c.lines, c.body.substr(0, c.body.size() / 2));
      if (f.owner.fill != nullptr) f.transfers.end(0, c.body.substr(c.body.size() / 2));
    }
    for (const std::uint64_t waiter : {1, 2}) {
      CAPTURE(waiter);
      CHECK(f.got(waiter).failed());
      CHECK(f.got(waiter).failure);
      CHECK(f.got(waiter).head == nullptr);
    }
    CHECK(f.store.committed.empty());
  }
}

TEST_CASE("fill: what is no object of the API is shared, and not stored", "[daemon]") {
  const std::string body = GENERATE(as<std::string>(), "{}", "{\"error_code\":141}");
  FillFixture f;
  f.start().join(f.order(2));
  f.transfers.answer(0, 200, kJson, body);
  for (const std::uint64_t waiter : {1, 2}) CHECK(f.got(waiter).body == body);
  CHECK(f.store.committed.empty());
  CHECK(f.owner.verdicts == std::vector{StoreVerdict::not_of_the_api});
}

TEST_CASE("fill: the API's own not-found is stored, with an error code or without", "[daemon]") {
  const std::string body = GENERATE(as<std::string>(), "{}", "{\"error_code\":141}");
  FillFixture f;
  f.start();
  f.transfers.answer(0, GENERATE(404, 422), kJson, body);
  CHECK(f.store.committed.size() == 1);
}

TEST_CASE("fill: only what the origin says marks a key for long", "[daemon]") {
  struct Case {
    int status;
    const char* line;
    Unshareable why;
  };
  const auto c = GENERATE(values<Case>({
      {200, "Cache-Control: private", Unshareable::lasting},
      {200, "Cache-Control: no-store", Unshareable::lasting},
      {200, "Set-Cookie: a=b", Unshareable::lasting},
      {200, "Vary: *", Unshareable::lasting},
      {400, "X-A: b", Unshareable::brief},
      {410, "X-A: b", Unshareable::brief},
  }));
  CAPTURE(c.status, c.line);
  FillFixture f;
  f.start().join(f.order(2));
  auto lines = kJson;
  lines.emplace_back(c.line);
  f.transfers.answer(0, c.status, lines, kBody);
  CHECK(f.owner.unshared.size() == 1);
  CHECK(f.owner.why == c.why);
}

TEST_CASE("fill: a head alone is not told, so that a reset behind it can be made good",
          "[daemon]") {
  const std::vector<std::string> lines = GENERATE(kJson, std::vector<std::string>{});
  FillFixture f;
  f.start();
  f.transfers.head(0, 200, lines);
  CHECK(f.got(1).events == 0);
  f.transfers.fail(0);
  REQUIRE(f.owner.unlucky.size() == 1);
  CHECK(f.owner.unlucky.front().waiter.id == 1);
}

TEST_CASE("fill: an answer that came with an Age goes out with it and the time it took",
          "[daemon]") {
  FillFixture f;
  Fill& fill = f.start();
  auto lines = kJson;
  const bool aged = GENERATE(true, false);
  if (aged) lines.emplace_back("Age: 10");
  f.owner.now.ms += 3'000;
  f.transfers.answer(0, 200, lines, kBody);
  CHECK(f.got(1).age_s == (aged ? 13 : -1));
  REQUIRE(f.store.committed.size() == 1);
  CHECK(f.store.committed.front().head.meta.lifetime.initial_age_s == (aged ? 13 : 3));
  f.owner.now.ms += 2'000;
  fill.join(f.order(2));
  CHECK(f.got(2).age_s == (aged ? 15 : 5));
}

TEST_CASE("fill: what is stored has the origin's Date, or that of its receipt", "[daemon]") {
  FillFixture f;
  f.start();
  auto lines = kJson;
  const bool dated = GENERATE(true, false);
  if (dated) lines.emplace_back("Date: Thu, 01 Jan 1970 00:16:39 GMT");
  f.transfers.answer(0, 200, lines, kBody);
  CHECK(f.got(1).head->dated);
  CHECK(f.store.committed.at(0).head.shared_fields.find(
            dated ? "Date: Thu, 01 Jan 1970 00:16:39 GMT\r\n"
                  : "Date: Thu, 01 Jan 1970 00:16:40 GMT\r\n") != std::string::npos);
}

TEST_CASE("fill: a number that nothing frames may be the beginning of another", "[daemon]") {
  FillFixture f;
  f.start();
  f.transfers.answer(0, 200, kJson, "12", false);
  CHECK_FALSE(f.got(1).complete());
  CHECK(f.owner.unlucky.size() == 1);
}

TEST_CASE("fill: a token in a field of the answer keeps it from the disk", "[daemon]") {
  FillFixture f;
  const FillOrder order = f.order(1);
  f.start();
  auto lines = kJson;
  lines.push_back("X-Echo: " + std::string(order.access_token.reveal()));
  f.transfers.answer(0, 200, lines, kBody);
  CHECK(f.got(1).complete());
  CHECK(f.store.committed.empty());
  CHECK(f.owner.verdicts == std::vector{StoreVerdict::secret_in_key});
}

TEST_CASE("fill: a failure before the head is the leader's; the others may try again", "[daemon]") {
  FillFixture f;
  Fill& fill = f.start();
  fill.join(f.order(2));
  fill.join(f.order(3, true));
  f.transfers.fail(0, OriginCause::timed_out);
  CHECK(f.got(1).failure->status == 504);
  CHECK(f.got(3).failure->status == 504);
  REQUIRE(f.owner.unlucky.size() == 1);
  CHECK(f.owner.unlucky.front().waiter.id == 2);
  CHECK(f.owner.refusal.status == 504);
  CHECK(f.owner.fill == nullptr);
}

TEST_CASE("fill: cut off in one with its head, even the leader may try again", "[daemon]") {
  FillFixture f;
  f.start();
  f.transfers.answer(0, 200, kJson, "{", false);
  CHECK(f.got(1).events == 0);
  REQUIRE(f.owner.unlucky.size() == 1);
  CHECK(f.owner.unlucky.front().waiter.id == 1);
  CHECK(f.owner.unlucky.front().canonical == "/v3/a");
}

TEST_CASE("fill: an end that nothing proves is one if the body is well-formed; never stored",
          "[daemon]") {
  FillFixture f;
  f.start();
  f.transfers.head(0, 200, kJson, kBody.substr(0, 4));
  SECTION("well-formed") {
    f.transfers.end(0, kBody.substr(4), false);
    CHECK(f.got(1).complete());
    CHECK(f.owner.verdicts == std::vector{StoreVerdict::incomplete});
  }
  SECTION("not") {
    f.transfers.end(0, "", false);
    CHECK(f.got(1).failed());
  }
  CHECK_FALSE(f.got(1).stored);
  CHECK(f.store.committed.empty());
}

TEST_CASE("fill: what is announced as too large passes through from the start", "[daemon]") {
  FillFixture f;
  Fill& fill = f.start();
  fill.join(f.order(2, true));
  f.transfers.head(0, 200, with_length(f.store.max + 1), "{");
  CHECK(fill.state() == State::passing);
  CHECK(f.held.pending() == 0);
  CHECK(f.got(2).body == "{");
  CHECK(f.owner.unshared.empty());  // who waits already shares it
  CHECK_FALSE(fill.joinable(f.owner.now));
  f.transfers.end(0, "}");
  CHECK(f.got(1).complete());
  CHECK(f.got(2).complete());
  CHECK(f.owner.verdicts == std::vector{StoreVerdict::too_large});
}

TEST_CASE("fill: what turns out too large is passed on from there", "[daemon]") {
  FillFixture f;
  const std::string first = "{\"a\":\"";
  SECTION("for the store") {
    f.store.max = 10;
  }
  SECTION("for the room of this write") {
    f.store.room = 10;
  }
  Fill& fill = f.start();
  fill.join(f.order(2, true));
  f.transfers.head(0, 200, kJson, first);
  CHECK(fill.state() == State::keeping);
  CHECK(f.held.pending() > 0);
  f.transfers.body(0, "xxxxxxxx");
  CHECK(fill.state() == State::passing);
  CHECK(f.held.pending() == 0);
  f.transfers.end(0, "\"}");
  for (const std::uint64_t waiter : {1, 2}) {
    CAPTURE(waiter);
    CHECK(f.got(waiter).body == first + "xxxxxxxx\"}");
    CHECK(f.got(waiter).complete());
  }
  CHECK(f.store.committed.empty());
  CHECK(f.owner.verdicts == std::vector{StoreVerdict::too_large});
}

TEST_CASE("fill: where the store has no room, the answer passes through", "[daemon]") {
  FillFixture f;
  f.store.begins = false;
  Fill& fill = f.start();
  f.transfers.head(0, 200, kJson, "{");
  CHECK(fill.state() == State::passing);
  f.transfers.end(0, "}");
  CHECK(f.got(1).complete());
  CHECK_FALSE(f.got(1).stored);
}

TEST_CASE("fill: beyond cache.max_pending the answer passes through", "[daemon]") {
  FillFixture f;
  const Chunk other = f.held.hold_pending(std::string(999'000, 'x'));
  Fill& fill = f.start();
  f.transfers.head(0, 200, kJson, std::string(10'000, ' '));
  CHECK(fill.state() == State::passing);
}

TEST_CASE("fill: refused by the store at its end, it is over and nothing of it is stored",
          "[daemon]") {
  FillFixture f;
  f.store.commits = false;
  f.start();
  f.transfers.answer(0, 200, kJson, kBody);
  CHECK(f.got(1).complete());
  CHECK_FALSE(f.got(1).stored);
  CHECK(f.owner.fill == nullptr);
  CHECK(f.store.open == 0);
}

TEST_CASE("fill: after a purge nobody joins, those who wait are served, nothing is stored",
          "[daemon]") {
  FillFixture f;
  Fill& fill = f.start();
  fill.join(f.order(2, true));
  const bool before_head = GENERATE(true, false);
  if (before_head) fill.forbid_store();
  f.transfers.head(0, 200, kJson, kBody.substr(0, 4));
  if (!before_head) fill.forbid_store();
  CHECK(f.store.open == 0);
  CHECK_FALSE(fill.joinable(f.owner.now));
  f.transfers.end(0, kBody.substr(4));
  for (const std::uint64_t waiter : {1, 2}) {
    CHECK(f.got(waiter).body == kBody);
    CHECK(f.got(waiter).complete());
    CHECK_FALSE(f.got(waiter).stored);
  }
  CHECK(f.store.committed.empty());
  CHECK(f.credentials.accepted == 0);
  CHECK(f.owner.verdicts == std::vector{StoreVerdict::purged});
}

TEST_CASE("fill: after a purge nobody is told to fall back on what was purged", "[daemon]") {
  FillFixture f;
  Fill& fill = f.start(f.order(1, true));
  fill.join(f.order(2, true));
  const bool before_head = GENERATE(true, false);
  CAPTURE(before_head);
  if (!before_head) f.transfers.head(0, 200, kJson, kBody.substr(0, 4));
  fill.forbid_store();
  f.owner.now.ms += 5'000;
  fill.give_stale(f.owner.now);
  SECTION("the answer is waited for") {
    if (before_head) f.transfers.head(0, 200, kJson, kBody.substr(0, 4));
    f.transfers.end(0, kBody.substr(4));
    for (const std::uint64_t waiter : {1, 2}) {
      CAPTURE(waiter);
      CHECK(f.got(waiter).body == kBody);
      CHECK(f.got(waiter).complete());
    }
  }
  SECTION("who may try again does so as one who has nothing") {
    f.transfers.fail(0);
    for (const auto& order : f.owner.unlucky) CHECK_FALSE(order.has_stale);
    CHECK(f.owner.unlucky.size() == (before_head ? 1 : 0));
  }
}

TEST_CASE("fill: a credential in what would be stored keeps it from the disk", "[daemon]") {
  FillFixture f;
  FillOrder order = f.order(1);
  order.canonical += "?q=" + std::string(order.access_token.reveal());
  f.start(std::move(order));
  f.transfers.answer(0, 200, kJson, kBody);
  CHECK(f.got(1).complete());
  CHECK(f.store.committed.empty());
  CHECK(f.owner.verdicts == std::vector{StoreVerdict::secret_in_key});
}

TEST_CASE("fill: a passing answer waits for its slowest reader, for a time", "[daemon]") {
  FillFixture f;
  f.settings->config.server.write_timeout_ms = 1'000;
  f.store.max = 10;
  Fill& fill = f.start();
  fill.join(f.order(2));
  f.transfers.head(0, 200, with_length(1u << 20), std::string(Fill::kWindowBytes, 'x'));
  CHECK(f.transfers.at(0).paused);
  fill.credit({&f.out, 1}, Fill::kWindowBytes);
  CHECK(f.transfers.at(0).paused);  // the other has taken nothing
  CHECK(fill.cut_laggards(1'000) == 0);
  CHECK(fill.cut_laggards(1) == 1);
  CHECK(f.got(2).failed());
  CHECK_FALSE(f.got(2).failure);
  CHECK_FALSE(f.transfers.at(0).paused);
  f.transfers.end(0);
  CHECK(f.got(1).complete());
}

TEST_CASE("fill: nobody is cut off for being slow alone", "[daemon]") {
  FillFixture f;
  f.settings->config.server.write_timeout_ms = 1'000;
  f.store.max = 10;
  Fill& fill = f.start();
  f.transfers.head(0, 200, with_length(1u << 20), std::string(Fill::kWindowBytes, 'x'));
  CHECK(fill.cut_laggards(10'000) == 0);
  CHECK(f.got(1).end == AnswerEvent::End::no);
}

TEST_CASE("fill: destroyed under way it ends its transfer and leaves nothing", "[daemon]") {
  FillFixture f;
  f.start();
  f.transfers.head(0, 200, kJson, "{");
  CHECK(f.store.open == 1);
  f.owner.fill.reset();
  CHECK(f.transfers.at(0).abandoned);
  CHECK(f.store.open == 0);
  CHECK(f.held.pending() == 0);
}

TEST_CASE("fill: who waits too long and has a stale object is told so, and the fetch goes on",
          "[daemon]") {
  FillFixture f;
  Fill& fill = f.start(f.order(1, true));
  f.owner.now.ms += 600;
  fill.join(f.order(2, true));
  fill.join(f.order(3));
  f.owner.now.ms += 500;
  fill.give_stale(WallTime{f.owner.now.ms - 1'000});
  CHECK(f.got(1).failed());
  CHECK(f.got(2).events == 0);
  CHECK(f.got(3).events == 0);
  f.transfers.answer(0, 200, kJson, kBody);
  CHECK(f.store.committed.size() == 1);
  CHECK(f.got(2).body == kBody);
  CHECK(f.got(3).body == kBody);
}

TEST_CASE("fill: those who waited for an answer of 429 are told when to come again", "[daemon]") {
  FillFixture f;
  f.start().join(f.order(2));
  f.transfers.head(0, 429, {"Content-Type: application/json", "Retry-After: 30"}, "oh");
  CHECK(f.owner.refusal.status == 429);
  CHECK(f.owner.refusal.retry_after_s == 30);
}
