// SPDX-License-Identifier: Apache-2.0
#include "daemon/client/exchange.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <optional>
#include <string>

#include "tests/daemon/client_fakes.h"

using namespace larder;
using larder::test::body_behind_head;
using larder::test::body_of;
using larder::test::event_of;
using larder::test::FakeHost;
using larder::test::FakeTransport;
using larder::test::has;
using larder::test::head_of;
using larder::testing::RequestBuilder;

namespace {

constexpr auto kMore = AnswerEvent::End::no;
constexpr auto kComplete = AnswerEvent::End::complete;
constexpr auto kFailed = AnswerEvent::End::failed;
const std::string kEntry = "/v3/content_types/blog/entries/blt1";
const std::string kLarge = "/v3/content_types/blog/entries/blt2";

/// One exchange between a socket, a store and a fetch thread that are the test's.
struct Bench final : AnswerTaker, OutputHolder, TransportUser {
  explicit Bench(Bytes max_output = 1u << 20) : host(max_output) { transport.set_user(*this); }

  void begin(RequestBuilder request, RequestFraming framing = {}) {
    auto view = request.view();
    framing.method = view.method;
    exchange.emplace(side, framing);
    exchange->answer(view, host.plan(view));
  }
  void begin(const std::string& target, RequestFraming framing = {}) {
    begin(RequestBuilder::delivery(target), framing);
  }
  Exchange::State state() const { return exchange->state(); }
  const std::string& sent() const { return transport.sent; }

  void on_answer(AnswerEvent event) override { exchange->on_answer(std::move(event)); }
  void on_turn() override {
    out.take_turn();
    exchange->on_written();
  }
  void cut_off() override {
    cut = out.sole_bytes();
    exchange->abort();
    out.end();
    transport.reset();
  }
  std::size_t cut_bytes() const override { return cut; }
  void on_bytes(std::string_view) override {}
  void on_end(bool) override { exchange->abort(); }
  void on_written(std::size_t bytes) override {
    out.on_written(bytes);
    exchange->on_written();
  }
  void on_closed() override {}

  FakeHost host;
  FakeTransport transport;
  OutQueue out{host, transport, *this};
  ExchangeSide side{.host = host, .out = out, .taker = *this, .client = "192.0.2.1"};
  std::optional<Exchange> exchange;
  std::size_t cut = 0;
};

}  // namespace

TEST_CASE("exchange: a fresh object is answered in its turn, in one call", "[daemon]") {
  Bench bench;
  bench.host.store_answer(kEntry, "stored");
  bench.host.pass(5'000);
  bench.begin(kEntry);
  CHECK(bench.state() == Exchange::State::done);
  CHECK(bench.exchange->keeps_alive());
  CHECK(bench.transport.try_writes == 1);
  CHECK(body_behind_head(bench.sent()) == "stored");
  CHECK(has(bench.sent(), "Cache-Status: larder; hit; ttl=3595\r\n"));
  CHECK(has(bench.sent(), "Age: 5\r\n"));
  CHECK(bench.host.counted(Outcome::hit) == 1);
  CHECK(bench.host.orders.empty());
}

TEST_CASE("exchange: HEAD and conditional requests of a stored object have no body", "[daemon]") {
  Bench bench;
  bench.host.store_answer(kEntry, "stored");
  auto request = RequestBuilder::delivery(kEntry);
  SECTION("HEAD has its length") {
    bench.begin(request.method(Method::head));
    CHECK(has(bench.sent(), "HTTP/1.1 200 "));
    CHECK(has(bench.sent(), "Content-Length: 6\r\n"));
  }
  SECTION("304 has not") {
    EntityTag tag;
    tag.bytes.fill(1);
    bench.begin(request.header("If-None-Match", format_entity_tag(tag)));
    CHECK(has(bench.sent(), "HTTP/1.1 304 "));
    CHECK_FALSE(has(bench.sent(), "Content-Length"));
    CHECK(bench.host.counters().not_modified.get() == 1);
  }
  CHECK(body_behind_head(bench.sent()).empty());
  CHECK(bench.state() == Exchange::State::done);
}

TEST_CASE("exchange: a stale object is answered, and a refresh is asked for", "[daemon]") {
  Bench bench;
  bench.host.store_answer(kEntry, "stored");
  bench.host.pass(FakeHost::kHour + 1'000);
  bench.begin(kEntry);
  CHECK(body_behind_head(bench.sent()) == "stored");
  CHECK(has(bench.sent(), "larder; hit; ttl=-1; detail=stale-while-revalidate\r\n"));
  CHECK(bench.host.refreshes == 1);
  CHECK(bench.host.counted(Outcome::stale) == 1);
}

TEST_CASE("exchange: a miss waits for the fetch thread, and passes its pieces on", "[daemon]") {
  Bench bench;
  bench.begin(kEntry);
  CHECK(bench.state() == Exchange::State::waiting);
  CHECK(bench.host.count<FillOrder>() == 1);
  CHECK_FALSE(bench.host.last<FillOrder>().has_stale);
  CHECK(bench.sent().empty());
  bench.host.answer(event_of(head_of(6), {"one"}));
  CHECK(bench.state() == Exchange::State::streaming);
  CHECK(body_behind_head(bench.sent()) == "one");
  bench.host.answer(event_of(nullptr, {"two"}, kComplete));
  CHECK(bench.state() == Exchange::State::done);
  CHECK(body_behind_head(bench.sent()) == "onetwo");
  CHECK(bench.host.counted(Outcome::miss) == 1);
  CHECK(bench.host.waiters() == 0);
  CHECK(bench.host.count<LeaveOrder>() == 0);
}

TEST_CASE("exchange: the answer says how it came about", "[daemon]") {
  struct Case {
    AnswerSource source;
    bool stored;
    const char* words;
    Outcome outcome;
  };
  const auto c = GENERATE(values<Case>({
      {AnswerSource::fill, false, "larder; fwd=miss\r\n", Outcome::miss},
      {AnswerSource::fill, true, "larder; fwd=miss; stored\r\n", Outcome::miss},
      {AnswerSource::joined, true, "larder; fwd=miss; collapsed\r\n", Outcome::joined},
      {AnswerSource::committed, true, "larder; hit; detail=committed\r\n", Outcome::committed},
      {AnswerSource::held, false, "larder; detail=rejected-credential\r\n", Outcome::rejected},
      {AnswerSource::relay, false, "larder; fwd=miss; detail=hit-for-miss\r\n", Outcome::miss},
  }));
  CAPTURE(c.words);
  Bench bench;
  bench.begin(kEntry);
  auto event = event_of(head_of(4), {"body"}, kComplete);
  event.source = c.source;
  event.stored = c.stored;
  const std::int64_t age = GENERATE(-1, 7);
  event.age_s = age;
  bench.host.answer(std::move(event));
  CHECK(has(bench.sent(), std::string("Cache-Status: ") + c.words));
  CHECK(has(bench.sent(), "Age: 7\r\n") == (age == 7));
  CHECK(bench.host.counted(c.outcome) == 1);
}

TEST_CASE("exchange: the log, the ring and the answer name the request alike, and say why",
          "[daemon]") {
  struct Case {
    const char* name;
    const char* given;   ///< X-Request-Id; "" = none
    const char* detail;  ///< of the event
    bool stored;
    const char* told;   ///< of the record
    const char* words;  ///< Cache-Status
  };
  const auto c = GENERATE(values<Case>({
      {"stored", "id-1", "", true, "stored", "larder; fwd=miss; stored\r\n"},
      {"with a cookie", "", "set_cookie", false, "set_cookie",
       "larder; fwd=miss; detail=set_cookie\r\n"},
      {"outdated", "id-2", "outdated", true, "outdated",
       "larder; fwd=miss; stored; detail=outdated\r\n"},
  }));
  DYNAMIC_SECTION(c.name) {
    Bench bench;
    bench.host.logging = true;
    auto request = RequestBuilder::delivery(kEntry);
    RequestView view = request.view();
    view.request_id = c.given;
    bench.exchange.emplace(bench.side, RequestFraming{});
    bench.exchange->answer(view, bench.host.plan(view));
    auto event = event_of(head_of(4), {"body"}, kComplete);
    event.detail = c.detail;
    event.stored = c.stored;
    bench.host.answer(std::move(event));
    const auto known = bench.host.decisions().find([](const Decision&) { return true; }, 10);
    REQUIRE(known.size() == 1);
    REQUIRE(bench.host.log.size() == 1);
    const Decision& decision = known[0];
    const AccessRecord& record = bench.host.log[0];
    const std::string id(decision.id.text());
    CHECK(id == (*c.given == '\0' ? "0000000000000001" : c.given));
    CHECK(record.id == decision.id);
    CHECK(has(bench.sent(), "X-Request-Id: " + id + "\r\n"));
    CHECK(has(bench.sent(), std::string("Cache-Status: ") + c.words));
    CHECK(std::string(decision.detail) == c.told);
    CHECK(std::string(record.detail) == c.told);
    CHECK(decision.outcome == Outcome::miss);
    CHECK(decision.reason == Reason::absent);
    CHECK(decision.key != CacheKey{});
    CHECK(std::equal(record.key.begin(), record.key.end(), decision.key.bytes.begin() + 16));
  }
}

TEST_CASE("exchange: the operator may leave the id out of answers", "[daemon]") {
  Bench bench;
  bench.host.server_settings().request_id = false;
  bench.host.store_answer(kEntry, "stored");
  bench.begin(kEntry);
  CHECK(has(bench.sent(), "HTTP/1.1 200 "));
  CHECK_FALSE(has(bench.sent(), "X-Request-Id"));
}

TEST_CASE("exchange: a valid traceparent reaches the origin and the access log, no other does",
          "[daemon]") {
  const std::string kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  struct Case {
    const char* name;
    std::string given;
    bool taken;
  };
  const auto c = GENERATE_COPY(values<Case>({
      {"valid", kParent, true},
      {"none", "", false},
      {"upper case", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false},
      {"more behind it", kParent + "-x", false},
      {"a line break", kParent + "\r\nevil: 1", false},
  }));
  DYNAMIC_SECTION(c.name) {
    Bench bench;
    bench.host.logging = true;
    auto request = RequestBuilder::delivery(kEntry);
    RequestView view = request.view();
    view.trace_parent = c.given;
    bench.exchange.emplace(bench.side, RequestFraming{});
    bench.exchange->answer(view, bench.host.plan(view));
    const auto& lines = bench.host.last<FillOrder>().unkeyed;
    CHECK(std::count(lines.begin(), lines.end(), "traceparent: " + kParent) == (c.taken ? 1 : 0));
    CHECK(std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
            return line.starts_with("traceparent");
          }) == (c.taken ? 1 : 0));
    bench.host.answer(event_of(head_of(4), {"body"}, kComplete));
    REQUIRE(bench.host.log.size() == 1);
    CHECK(bench.host.log[0].trace.trace_id() ==
          (c.taken ? "4bf92f3577b34da6a3ce929d0e0e4736" : ""));
  }
}

TEST_CASE("exchange: a traceparent is not sent twice where the operator forwards it", "[daemon]") {
  const TraceParent trace =
      TraceParent::of_text("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  UpstreamConfig upstream;
  (GENERATE(true, false) ? upstream.forward_headers
                         : upstream.forward_headers_unkeyed) = {"traceparent"};
  std::vector<std::string> lines;
  carry_trace(lines, upstream, trace);
  CHECK(lines.empty());
  carry_trace(lines, UpstreamConfig{}, TraceParent{});
  CHECK(lines.empty());
}

TEST_CASE("exchange: of sampled requests the lines say so, and errors are told as such",
          "[daemon]") {
  struct Case {
    const char* name;
    int status;
    double share;
    std::size_t lines;
    unsigned errors;
  };
  const auto c = GENERATE(values<Case>({
      {"all", 200, 1, 1, 0},
      {"this one for others", 200, 0.25, 1, 0},
      {"not this one", 200, 0, 0, 0},
      {"an error", 503, 1, 1, 1},
      {"what is not there is none", 404, 0, 0, 0},
  }));
  DYNAMIC_SECTION(c.name) {
    Bench bench;
    bench.host.logging = true;
    bench.host.share = c.share;
    auto request = RequestBuilder::delivery(kEntry);
    const RequestView view = request.view();
    bench.exchange.emplace(bench.side, RequestFraming{});
    bench.exchange->answer(view, bench.host.plan(view));
    bench.host.answer(event_of(head_of(4, c.status), {"body"}, kComplete));
    CHECK(bench.host.errors == c.errors);
    REQUIRE(bench.host.log.size() == c.lines);
    if (c.lines > 0) CHECK(bench.host.log[0].share == static_cast<float>(c.share));
  }
}

TEST_CASE("exchange: an origin gets the request's id where the operator lists its name",
          "[daemon]") {
  std::vector<std::string> lines{"X-Request-Id: of the client", "via: a"};
  const RequestId id = RequestId::of_text("id-1");
  UpstreamConfig upstream;
  carry_id(lines, upstream, id);
  CHECK(lines == std::vector<std::string>{"X-Request-Id: of the client", "via: a"});
  upstream.forward_headers_unkeyed = {"x-request-id"};
  carry_id(lines, upstream, id);
  CHECK(lines == std::vector<std::string>{"via: a", "x-request-id: id-1"});
}

TEST_CASE("exchange: a relay is none of the store's", "[daemon]") {
  Bench bench;
  SECTION("preview") {
    bench.begin(RequestBuilder::delivery(kEntry)
                    .header("live_preview", "blt9")
                    .header("preview_token", larder::testing::kPreviewToken));
    CHECK(bench.host.last<RelayOrder>().to == RelayOrder::To::preview);
  }
  SECTION("pass") {
    bench.begin(RequestBuilder::delivery(kEntry).header("release_id", "release1"));
    CHECK(bench.host.last<RelayOrder>().to == RelayOrder::To::delivery);
  }
  CHECK(bench.host.count<FillOrder>() == 0);
  auto event = event_of(head_of(4), {"body"}, kComplete);
  event.source = AnswerSource::relay;
  bench.host.answer(std::move(event));
  CHECK(has(bench.sent(), "Cache-Status: larder; fwd=bypass\r\n"));
  CHECK(bench.host.counted(Outcome::preview) + bench.host.counted(Outcome::pass) == 1);
}

TEST_CASE("exchange: each client can tell a whole body from a part of it", "[daemon]") {
  struct Case {
    const char* name;
    bool http_1_1;
    bool can_reset;
    bool length_known;
    const char* field;  ///< in the head
    const char* body;
    bool keeps_alive;
  };
  const auto c = GENERATE(values<Case>({
      {"1.1, length known", true, true, true, "Content-Length: 6\r\n", "onetwo", true},
      {"1.1, unknown", true, true, false, "Transfer-Encoding: chunked\r\n",
       "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n", true},
      {"1.1 without reset", true, false, false, "Transfer-Encoding: chunked\r\n",
       "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n", true},
      {"1.0, length known", false, true, true, "Content-Length: 6\r\n", "onetwo", true},
      {"1.0, unknown", false, true, false, "Connection: close\r\n", "onetwo", false},
      {"1.0 without reset", false, false, false, "Content-Length: 6\r\n", "onetwo", false},
  }));
  CAPTURE(c.name);
  Bench bench;
  bench.side.can_reset = c.can_reset;
  bench.begin(kEntry, {.http_1_1 = c.http_1_1});
  const auto length = c.length_known ? std::optional<std::uint64_t>(6) : std::nullopt;
  bench.host.answer(event_of(head_of(length), {"one"}));
  const bool kept_back = !c.http_1_1 && !c.can_reset && !c.length_known;
  CHECK(bench.sent().empty() == kept_back);
  CHECK((bench.host.in_line() == 1) == kept_back);
  bench.host.answer(event_of(nullptr, {"", "two"}, kComplete));
  CHECK(bench.state() == Exchange::State::done);
  CHECK(has(bench.sent(), c.field));
  CHECK(body_behind_head(bench.sent()) == c.body);
  CHECK(bench.exchange->keeps_alive() == c.keeps_alive);
  CHECK(has(bench.sent(), "Connection: close\r\n") == !c.keeps_alive);
  CHECK(bench.host.in_line() == 0);
}

TEST_CASE("exchange: an answer without a body ends with its head, and the order is left",
          "[daemon]") {
  Bench bench;
  auto request = RequestBuilder::delivery(kEntry);
  SECTION("HEAD") {
    bench.begin(request.method(Method::head));
    bench.host.answer(event_of(head_of(100), {"part"}));
    CHECK(has(bench.sent(), "HTTP/1.1 200 "));
  }
  SECTION("304") {
    bench.begin(request.header("If-None-Match", "\"tag\""));
    bench.host.answer(event_of(head_of(100), {"part"}));
    CHECK(has(bench.sent(), "HTTP/1.1 304 "));
    CHECK_FALSE(has(bench.sent(), "Content-Length"));
  }
  SECTION("204 of unknown length") {
    bench.begin(request);
    bench.host.answer(event_of(head_of(std::nullopt, 204), {}));
    CHECK_FALSE(has(bench.sent(), "Transfer-Encoding"));
  }
  CHECK(bench.state() == Exchange::State::done);
  CHECK(bench.exchange->keeps_alive());
  CHECK(body_behind_head(bench.sent()).empty());
  CHECK(bench.host.count<LeaveOrder>() == 1);
  CHECK(bench.host.waiters() == 0);
}

TEST_CASE("exchange: what is not whole is cut off, never ended", "[daemon]") {
  struct Case {
    const char* name;
    std::optional<std::uint64_t> length;
    std::vector<std::string> pieces;
    AnswerEvent::End end;
  };
  const auto c = GENERATE(values<Case>({
      {"broken off", 6, {"one"}, kFailed},
      {"broken off, of unknown length", std::nullopt, {"one"}, kFailed},
      {"broken off behind its last byte", 6, {"one", "two"}, kFailed},
      {"too short", 6, {"one"}, kComplete},
      {"too long", 6, {"one", "two", "x"}, kComplete},
      {"too long before its end", 6, {"one", "two", "x"}, kMore},
      {"without a byte", 6, {}, kComplete},
  }));
  CAPTURE(c.name);
  const bool http_1_1 = GENERATE(true, false);
  Bench bench;
  bench.begin(kEntry, {.http_1_1 = http_1_1});
  bench.host.answer(event_of(head_of(c.length), {}));
  bench.host.answer(event_of(nullptr, c.pieces, c.end));
  CHECK(bench.state() == Exchange::State::aborted);
  CHECK_FALSE(has(bench.sent(), "0\r\n\r\n"));
  CHECK(bench.host.counted(Outcome::aborted) == 1);
  CHECK(bench.host.waiters() == 0);
}

TEST_CASE("exchange: a failure before the head is told to the client", "[daemon]") {
  Bench bench;
  bench.begin(kEntry);
  auto event = event_of(nullptr, {}, kFailed);
  const bool said = GENERATE(true, false);
  if (said) event.failure = Refusal{.status = 503, .error_code = 503, .cause = "queue is full"};
  bench.host.answer(std::move(event));
  CHECK(has(bench.sent(), said ? "HTTP/1.1 503 " : "HTTP/1.1 502 "));
  CHECK(bench.state() == Exchange::State::done);
  CHECK(bench.exchange->keeps_alive());
  CHECK(bench.host.counted(Outcome::failed) == 1);
}

TEST_CASE("exchange: a stale object stands in for a failed origin", "[daemon]") {
  Bench bench;
  bench.host.store_answer(kEntry, "stored");
  bench.host.pass(2 * FakeHost::kHour + 1'000);
  bench.begin(kEntry);
  CHECK(bench.state() == Exchange::State::waiting);
  CHECK(bench.host.last<FillOrder>().has_stale);
  SECTION("that says so") {
    bench.host.answer(event_of(nullptr, {}, kFailed));
  }
  SECTION("that does not answer in time") {
    bench.host.pass(bench.host.server().request_timeout_ms);
    bench.exchange->check_deadline(bench.host.now());
    CHECK(bench.host.count<LeaveOrder>() == 1);
  }
  SECTION("but not when it was purged meanwhile") {
    REQUIRE(!larder::test::purge_and_wait(bench.host.store(), PurgeOrder{}).error);
    bench.host.answer(event_of(nullptr, {}, kFailed));
    CHECK(has(bench.sent(), "HTTP/1.1 502 "));
    CHECK_FALSE(has(bench.sent(), "stored"));
    return;
  }
  SECTION("nor when it is too old by now") {
    bench.host.pass(FakeHost::kHour);
    bench.host.answer(event_of(nullptr, {}, kFailed));
    CHECK(has(bench.sent(), "HTTP/1.1 502 "));
    return;
  }
  CHECK(body_behind_head(bench.sent()) == "stored");
  CHECK(has(bench.sent(), "; detail=stale-if-error\r\n"));
  CHECK(bench.host.counted(Outcome::stale_error) == 1);
  CHECK(bench.host.waiters() == 0);
}

TEST_CASE("exchange: the origin has a time for each step", "[daemon]") {
  Bench bench;
  const auto term = bench.host.server().request_timeout_ms;
  bench.begin(kEntry);
  SECTION("to begin") {
    bench.host.pass(term - 1);
    bench.exchange->check_deadline(bench.host.now());
    CHECK(bench.state() == Exchange::State::waiting);
    bench.host.pass(1);
    bench.exchange->check_deadline(bench.host.now());
    CHECK(has(bench.sent(), "HTTP/1.1 504 "));
    CHECK(bench.state() == Exchange::State::done);
    CHECK(bench.host.count<LeaveOrder>() == 1);
  }
  SECTION("to go on") {
    bench.host.answer(event_of(head_of(100), {"one"}));
    bench.host.pass(term - 1);
    bench.host.answer(event_of(nullptr, {"two"}));
    bench.host.pass(term - 1);
    bench.exchange->check_deadline(bench.host.now());
    CHECK(bench.state() == Exchange::State::streaming);
    bench.host.pass(1);
    bench.exchange->check_deadline(bench.host.now());
    CHECK(bench.state() == Exchange::State::aborted);
  }
  CHECK(bench.host.counters().timeouts.get() == 1);
  CHECK(bench.host.waiters() == 0);
}

TEST_CASE("exchange: a client that goes leaves its order, once", "[daemon]") {
  Bench bench;
  bench.begin(kEntry);
  SECTION("while it waits") {}
  SECTION("in the middle") {
    bench.host.answer(event_of(head_of(100), {"one"}));
  }
  bench.exchange->abort();
  CHECK(bench.state() == Exchange::State::aborted);
  bench.exchange->abort();
  bench.exchange.reset();
  CHECK(bench.host.count<LeaveOrder>() == 1);
  CHECK(bench.host.waiters() == 0);
  CHECK(bench.host.counted(Outcome::aborted) == 1);
}

TEST_CASE("exchange: one that is destroyed leaves no waiter behind", "[daemon]") {
  Bench bench;
  bench.begin(kEntry);
  bench.exchange.reset();
  CHECK(bench.host.count<LeaveOrder>() == 1);
  CHECK(bench.host.waiters() == 0);
}

TEST_CASE("exchange: credit is given for what the client has taken, in lots", "[daemon]") {
  Bench bench;
  bench.begin(kEntry);
  bench.host.answer(event_of(head_of(std::nullopt), {std::string(60 * 1024, 'x')}));
  CHECK(bench.host.count<CreditOrder>() == 0);
  bench.host.answer(event_of(nullptr, {std::string(10 * 1024, 'x')}));
  CHECK(bench.host.count<CreditOrder>() == 1);
  CHECK(bench.host.last<CreditOrder>().bytes >= 70 * 1024);
  bench.transport.take(0);
  bench.host.answer(event_of(nullptr, {std::string(100 * 1024, 'x')}));
  CHECK(bench.host.count<CreditOrder>() == 1);
  bench.transport.take();
  CHECK(bench.host.count<CreditOrder>() == 2);
  CHECK(bench.host.last<CreditOrder>().bytes >= 100 * 1024);
}

TEST_CASE("exchange: credit is given for what is kept back, and that is bounded as output",
          "[daemon]") {
  Bench bench;
  bench.side.can_reset = false;
  bench.begin(kEntry, {.http_1_1 = false});
  for (unsigned lot = 1; lot <= 3; ++lot) {
    auto event = event_of(lot == 1 ? head_of(std::nullopt) : nullptr, {});
    event.body.push_back(bench.host.hold_output(std::string(64 * 1024, 'x')));
    bench.host.answer(std::move(event));
    CHECK(bench.host.count<CreditOrder>() == lot);
  }
  CHECK(bench.sent().empty());
  auto event = event_of(nullptr, {});
  event.body.push_back(bench.host.hold_output(std::string(1u << 20, 'x')));
  bench.host.answer(std::move(event));
  CHECK(bench.state() == Exchange::State::aborted);
  CHECK(bench.sent().empty());
  CHECK(bench.cut > (1u << 20));
}

TEST_CASE("exchange: at the bound of output it is cut off while it sends", "[daemon]") {
  Bench bench(4'000);
  bench.transport.room = 0;
  bench.begin(kEntry);
  auto event = event_of(head_of(20'000), {});
  event.body.push_back(bench.host.hold_output(std::string(10'000, 'x')));
  bench.host.answer(std::move(event));
  CHECK(bench.state() == Exchange::State::aborted);
  CHECK(bench.transport.was_reset);
  CHECK(bench.host.counted(Outcome::aborted) == 1);
  CHECK(bench.host.count<LeaveOrder>() == 1);
}

TEST_CASE("exchange: a socket that takes little gets all of it in the end", "[daemon]") {
  const auto step = GENERATE(1u, 50u, 1'000u);
  CAPTURE(step);
  Bench bench;
  bench.transport.room = step;
  SECTION("a stored object") {
    bench.host.store_answer(kEntry, "stored");
    bench.begin(kEntry);
    CHECK(bench.state() == (step < 1'000 ? Exchange::State::sending : Exchange::State::done));
  }
  SECTION("a stream") {
    bench.begin(kEntry);
    bench.host.answer(event_of(head_of(6), {"sto", "red"}, kComplete));
    CHECK(bench.state() == (step < 1'000 ? Exchange::State::streaming : Exchange::State::done));
  }
  for (unsigned turn = 0; turn < 1'000 && !bench.exchange->is_over(); ++turn) {
    bench.transport.take(step);
  }
  CHECK(bench.state() == Exchange::State::done);
  CHECK(body_behind_head(bench.sent()) == "stored");
}

TEST_CASE("exchange: a large object is sent row by row, each in a turn of its own", "[daemon]") {
  Bench bench;
  const auto body = body_of(1, 50'000);
  bench.host.store_answer(kLarge, body);
  SECTION("as fast as the socket takes it") {
    bench.begin(kLarge);
  }
  SECTION("over many turns") {
    bench.transport.room = 3'000;
    bench.begin(kLarge);
    for (unsigned turn = 0; turn < 1'000 && !bench.exchange->is_over(); ++turn) {
      CHECK(bench.host.held().output() < 10'000);  // one row is read ahead
      bench.host.pass(1);
      bench.transport.take(3'000);
    }
  }
  CHECK(bench.state() == Exchange::State::done);
  CHECK(body_behind_head(bench.sent()) == body);
  CHECK(bench.host.counted(Outcome::hit) == 1);
}

TEST_CASE("exchange: errors are answered in their own words", "[daemon]") {
  Bench bench;
  SECTION("a refusal of what was asked for") {
    bench.begin(RequestBuilder(kEntry));  // without credentials
    CHECK(bench.host.counted(Outcome::refused) == 1);
    CHECK(bench.exchange->keeps_alive());
  }
  SECTION("a refusal after which nothing can be trusted") {
    bench.exchange.emplace(bench.side, RequestFraming{});
    bench.exchange->refuse({.status = 400, .cause = "bad", .close = true}, "");
    CHECK(has(bench.sent(), "HTTP/1.1 400 "));
    CHECK(has(bench.sent(), "Connection: close\r\n"));
    CHECK_FALSE(bench.exchange->keeps_alive());
  }
  CHECK(bench.state() == Exchange::State::done);
  CHECK(has(bench.sent(), "error_message"));
}

TEST_CASE("exchange: the access log has what became of it", "[daemon]") {
  Bench bench;
  bench.host.logging = true;
  bench.host.store_answer(kEntry, "stored");
  bench.transport.room = 10;
  bench.begin(kEntry);
  CHECK(bench.host.log.empty());
  SECTION("done") {
    bench.transport.take();
    CHECK(bench.host.log.at(0).outcome == Outcome::hit);
  }
  SECTION("cut off") {
    bench.exchange->abort();
    CHECK(bench.host.log.at(0).outcome == Outcome::aborted);
  }
  REQUIRE(bench.host.log.size() == 1);
  const auto& record = bench.host.log.front();
  CHECK(record.status == 200);
  CHECK(record.body_bytes == 6);
  CHECK(record.target.text() == kEntry);
  CHECK(std::string(record.client.data()) == "192.0.2.1");
  CHECK(record.key != std::array<std::uint8_t, 8>{});
  CHECK(record.scope != std::array<std::uint8_t, 4>{});
}

TEST_CASE("exchange: a request that is sampled tells its scope, without an access log",
          "[daemon]") {
  Bench bench;
  bench.host.store_answer(kEntry, "stored");
  bench.begin(kEntry);
  CHECK(bench.host.sampled.empty());
  bench.begin(kEntry, {.sampled = true});
  CHECK(bench.host.log.empty());
  REQUIRE(bench.host.sampled.size() == 1);
  const auto& sample = bench.host.sampled.front();
  CHECK(sample.request.outcome == Outcome::hit);
  CHECK(sample.request.target.text() == kEntry);
  CHECK(std::string(sample.place.data()).ends_with("/main"));
}
