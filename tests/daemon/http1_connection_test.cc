// SPDX-License-Identifier: Apache-2.0
#include "daemon/client/http1_connection.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include "tests/daemon/client_fakes.h"

using namespace larder;
using larder::test::body_behind_head;
using larder::test::event_of;
using larder::test::FakeHost;
using larder::test::FakeTransport;
using larder::test::has;
using larder::test::head_of;

namespace {

const std::string kEntry = "/v3/content_types/blog/entries/blt1";
const std::string kOther = "/v3/content_types/blog/entries/blt2";

std::string request_for(const std::string& target, const std::string& more = "") {
  return "GET " + target +
         " HTTP/1.1\r\nHost: larder\r\napi_key: " + std::string(testing::kApiKey) +
         "\r\naccess_token: " + std::string(testing::kToken) + "\r\n" + more + "\r\n";
}

/// A connection whose socket is the test's, before a store with `kEntry`.
struct Bench {
  Bench() {
    host.store_answer(kEntry, "stored");
    auto owned = std::make_unique<FakeTransport>();
    transport = owned.get();
    connection =
        std::make_unique<Http1Connection>(host, std::move(owned), ListenerConfig::Role::delivery);
    connection->start();
  }

  void receive(const std::string& bytes) { transport->user().on_bytes(bytes); }
  void half_close() { transport->user().on_end(false); }
  /// The fetch thread's whole answer to the last order.
  void answer(const std::string& body) {
    host.answer(event_of(head_of(body.size()), {body}, AnswerEvent::End::complete));
  }
  void pass(std::int64_t ms) {
    host.pass(ms);
    connection->check_deadline(host.now());
  }
  unsigned answers() const {
    unsigned count = 0;
    for (std::size_t at = 0; (at = transport->sent.find("HTTP/1.1 ", at)) != std::string::npos;
         ++at)
      ++count;
    return count;
  }
  std::size_t at(std::string_view text) const { return transport->sent.find(text); }

  FakeHost host;
  FakeTransport* transport = nullptr;  ///< of the connection
  std::unique_ptr<Http1Connection> connection;
};

}  // namespace

TEST_CASE("http1 connection: a request may come in any two pieces", "[daemon]") {
  Bench bench;
  const auto request = request_for(kEntry);
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    CAPTURE(cut);
    bench.transport->sent.clear();
    bench.receive(request.substr(0, cut));
    REQUIRE(bench.transport->sent.empty());
    bench.receive(request.substr(cut));
    REQUIRE(body_behind_head(bench.transport->sent) == "stored");
  }
  CHECK(bench.host.counted(Outcome::hit) == request.size() - 1);
}

TEST_CASE("http1 connection: a request may come byte by byte", "[daemon]") {
  Bench bench;
  for (const char byte : request_for(kEntry)) bench.receive(std::string(1, byte));
  CHECK(body_behind_head(bench.transport->sent) == "stored");
}

TEST_CASE("http1 connection: hits of a pipeline go out in one call", "[daemon]") {
  Bench bench;
  bench.receive(request_for(kEntry) + request_for(kEntry) + request_for(kEntry));
  CHECK(bench.answers() == 3);
  CHECK(bench.transport->try_writes == 1);
  CHECK(bench.host.counted(Outcome::hit) == 3);
}

TEST_CASE("http1 connection: a pipeline is answered in order, one order at a time", "[daemon]") {
  Bench bench;
  bench.receive(request_for(kEntry) + request_for(kOther) + request_for(kEntry) +
                request_for(kOther + "?a=b"));
  CHECK(bench.answers() == 1);  // what is known does not wait for what is not
  CHECK(bench.host.count<FillOrder>() == 1);
  bench.answer("first miss");
  CHECK(bench.answers() == 3);
  CHECK(bench.host.count<FillOrder>() == 2);
  bench.answer("second miss");
  CHECK(bench.answers() == 4);
  CHECK(bench.at("stored") < bench.at("first miss"));
  CHECK(bench.at("first miss") < bench.transport->sent.rfind("stored"));
  CHECK(bench.transport->sent.rfind("stored") < bench.at("second miss"));
}

TEST_CASE("http1 connection: a request that waits is not placed before the answers ahead are out",
          "[daemon]") {
  Bench bench;
  bench.transport->room = 10;
  bench.receive(request_for(kEntry) + request_for(kOther));
  CHECK(bench.host.count<FillOrder>() == 0);
  bench.transport->take();
  CHECK(bench.answers() == 1);
  CHECK(bench.host.count<FillOrder>() == 1);
  bench.answer("miss");
  CHECK(bench.answers() == 2);
  CHECK(bench.host.counted(Outcome::hit) == 1);
  CHECK(bench.host.counted(Outcome::miss) == 1);
}

TEST_CASE("http1 connection: no more than 16 KiB are read ahead of an answer", "[daemon]") {
  Bench bench;
  const auto request = request_for(kEntry);
  bench.receive(request_for(kOther));
  unsigned sent = 0;
  for (; bench.transport->is_reading && sent < 1'000; ++sent) bench.receive(request);
  CHECK(sent * request.size() > 16 * 1024);
  CHECK(sent * request.size() <= 16 * 1024 + request.size());
  bench.answer("miss");
  CHECK(bench.answers() == sent + 1);
  CHECK(bench.transport->is_reading);
}

TEST_CASE("http1 connection: reading has deadlines", "[daemon]") {
  Bench bench;
  auto& settings = bench.host.server_settings();
  settings.idle_timeout_ms = 10'000;
  SECTION("before the first request") {
    bench.pass(settings.header_timeout_ms - 1);
    CHECK_FALSE(bench.transport->is_shut_down);
    bench.pass(1);
    CHECK(bench.transport->is_shut_down);
    bench.pass(1'000);
    CHECK(bench.transport->is_closed);
    CHECK(bench.transport->sent.empty());
  }
  SECTION("between two") {
    bench.receive(request_for(kEntry));
    bench.pass(settings.idle_timeout_ms - 1);
    CHECK_FALSE(bench.transport->is_shut_down);
    bench.pass(1);
    CHECK(bench.transport->is_shut_down);
    CHECK_FALSE(bench.transport->is_closed);
    bench.receive(request_for(kEntry));  // it was on its way: no reset for it, and no answer
    CHECK(bench.answers() == 1);
    bench.pass(999);
    CHECK_FALSE(bench.transport->is_closed);
    bench.pass(1);
    CHECK(bench.transport->is_closed);
    CHECK_FALSE(bench.transport->was_reset);
  }
  SECTION("between two, and the client leaves at the end of the stream") {
    bench.receive(request_for(kEntry));
    bench.pass(settings.idle_timeout_ms);
    bench.transport->user().on_end(false);
    CHECK(bench.transport->is_closed);
  }
  SECTION("of a header, whatever drips in") {
    bench.receive("GET / HT");
    bench.pass(settings.header_timeout_ms - 1);
    bench.receive("T");
    CHECK(bench.transport->sent.empty());
    bench.pass(1);
    CHECK(has(bench.transport->sent, "HTTP/1.1 408 "));
    CHECK(has(bench.transport->sent, "Connection: close\r\n"));
    CHECK(bench.transport->is_shut_down);
  }
}

TEST_CASE("http1 connection: after its last answer it reads on for a second", "[daemon]") {
  Bench bench;
  bench.receive(request_for(kEntry, "Connection: close\r\n") + request_for(kEntry));
  CHECK(bench.answers() == 1);
  CHECK(bench.transport->is_shut_down);
  CHECK_FALSE(bench.transport->is_closed);
  bench.receive(request_for(kEntry));
  CHECK(bench.answers() == 1);
  SECTION("until the client closes") {
    bench.half_close();
  }
  SECTION("and no longer") {
    bench.pass(999);
    CHECK_FALSE(bench.transport->is_closed);
    bench.pass(1);
  }
  CHECK(bench.transport->is_closed);
  CHECK_FALSE(bench.transport->was_reset);
}

TEST_CASE("http1 connection: a refused request ends it", "[daemon]") {
  Bench bench;
  bench.receive(request_for(kEntry) + "BAD\r\n\r\n" + request_for(kEntry));
  CHECK(bench.answers() == 2);
  CHECK(bench.at("HTTP/1.1 200") < bench.at("HTTP/1.1 400"));
  CHECK(bench.transport->is_shut_down);
}

TEST_CASE("http1 connection: the last of its requests says so", "[daemon]") {
  Bench bench;
  bench.host.server_settings().max_requests_per_connection = 2;
  bench.receive(request_for(kEntry) + request_for(kEntry) + request_for(kEntry));
  CHECK(bench.answers() == 2);
  CHECK(has(bench.transport->sent, "Connection: close\r\n"));
  CHECK(bench.transport->is_shut_down);
}

TEST_CASE("http1 connection: a half-closed client gets all that it asked for", "[daemon]") {
  Bench bench;
  bench.receive(request_for(kOther));
  SECTION("one answer, which is the last") {
    bench.half_close();
    bench.answer("miss");
    CHECK(body_behind_head(bench.transport->sent) == "miss");
    CHECK(has(bench.transport->sent, "Connection: close\r\n"));
    CHECK(bench.transport->is_shut_down);
  }
  SECTION("those that are pipelined behind it too") {
    bench.receive(request_for(kEntry) + request_for(kOther + "?a=b"));
    bench.half_close();
    bench.answer("miss");
    CHECK(bench.answers() == 2);
    CHECK_FALSE(has(bench.transport->sent, "Connection: close\r\n"));
    bench.answer("another");
    CHECK(bench.answers() == 3);
    CHECK(bench.transport->sent.find("Connection: close\r\n") > bench.at("stored"));
    CHECK(bench.transport->is_shut_down);
  }
  SECTION("one whose head is out already") {
    bench.host.answer(event_of(head_of(6), {"abc"}));
    bench.half_close();
    bench.host.answer(event_of(nullptr, {"def"}, AnswerEvent::End::complete));
    CHECK(body_behind_head(bench.transport->sent) == "abcdef");
    CHECK(bench.transport->is_closed);
  }
  SECTION("hits that the socket takes late") {
    bench.answer("miss");
    bench.transport->room = 10;
    bench.receive(request_for(kEntry) + request_for(kEntry));
    bench.half_close();
    CHECK_FALSE(bench.transport->is_closed);
    bench.transport->take();
    CHECK(bench.answers() == 3);
    CHECK(bench.transport->is_closed);
  }
  SECTION("but nothing for half a request") {
    bench.receive("GET / HT");
    bench.half_close();
    bench.answer("miss");
    CHECK(bench.answers() == 1);
    CHECK(bench.transport->is_closed);
  }
  CHECK_FALSE(bench.transport->was_reset);
}

TEST_CASE("http1 connection: draining answers what has come, and nothing else", "[daemon]") {
  Bench bench;
  SECTION("a request that was on its way to an idle connection is the last") {
    bench.receive(request_for(kEntry));
    bench.connection->drain();
    bench.pass(499);
    CHECK_FALSE(bench.transport->is_shut_down);
    bench.receive(request_for(kEntry));
    CHECK(bench.answers() == 2);
    CHECK(has(bench.transport->sent, "Connection: close\r\n"));
    CHECK(bench.transport->is_shut_down);
  }
  SECTION("between requests it ends after a moment, and reads on") {
    bench.receive(request_for(kEntry));
    bench.connection->drain();
    bench.pass(500);
    CHECK(bench.transport->is_shut_down);
    CHECK_FALSE(bench.transport->is_closed);
  }
  SECTION("before the first request it waits longer") {
    bench.connection->drain();
    bench.pass(999);
    CHECK_FALSE(bench.transport->is_shut_down);
    bench.pass(1);
    CHECK(bench.transport->is_shut_down);
  }
  SECTION("the answer under way is the last") {
    bench.receive(request_for(kOther));
    bench.connection->drain();
    bench.answer("miss");
    CHECK(has(bench.transport->sent, "Connection: close\r\n"));
    CHECK(bench.transport->is_shut_down);
    CHECK(bench.transport->is_reading);  // and discards
  }
  SECTION("unless more are pipelined behind it") {
    bench.receive(request_for(kOther) + request_for(kEntry));
    bench.connection->drain();
    bench.answer("miss");
    CHECK(bench.answers() == 2);
    CHECK(bench.at("Connection: close\r\n") > bench.at("miss"));
    CHECK(bench.transport->is_shut_down);
  }
  SECTION("unless its head has said otherwise") {
    bench.receive(request_for(kOther));
    bench.host.answer(event_of(head_of(6), {"abc"}));
    bench.connection->drain();
    bench.host.answer(event_of(nullptr, {"def"}, AnswerEvent::End::complete));
    CHECK_FALSE(has(bench.transport->sent, "Connection: close\r\n"));
    CHECK_FALSE(bench.transport->is_shut_down);
    bench.receive(request_for(kEntry));
    CHECK(bench.answers() == 2);
    CHECK(has(bench.transport->sent, "Connection: close\r\n"));
    CHECK(bench.transport->is_shut_down);
  }
  SECTION("half a request is waited for") {
    const auto request = request_for(kEntry);
    bench.receive(request.substr(0, 20));
    bench.connection->drain();
    CHECK_FALSE(bench.transport->is_closed);
    bench.receive(request.substr(20));
    CHECK(body_behind_head(bench.transport->sent) == "stored");
    CHECK(bench.transport->is_shut_down);
  }
}

TEST_CASE("http1 connection: what has been under way for half a second is slow", "[daemon]") {
  Bench bench;
  const auto is_slow = [&] { return bench.connection->is_slow(bench.host.now()); };
  bench.pass(2'000);
  CHECK_FALSE(is_slow());  // idle
  SECTION("an answer") {
    bench.receive(request_for(kOther));
  }
  SECTION("a request") {
    bench.receive("GET / HT");
  }
  SECTION("a pipeline's answers") {
    bench.transport->room = 10;
    bench.receive(request_for(kEntry) + request_for(kEntry));
  }
  bench.pass(499);
  CHECK_FALSE(is_slow());
  bench.pass(1);
  CHECK(is_slow());
  bench.connection->close();
  CHECK_FALSE(is_slow());
  CHECK(bench.connection->is_ending());
}

TEST_CASE("http1 connection: an answer under way is cut off by a reset, never ended", "[daemon]") {
  Bench bench;
  bench.receive(request_for(kOther));
  bench.host.answer(event_of(head_of(100), {"a part"}));
  SECTION("when the connection must close") {
    bench.connection->close();
  }
  SECTION("when the origin breaks off") {
    bench.host.answer(event_of(nullptr, {}, AnswerEvent::End::failed));
  }
  SECTION("when the client is gone") {
    bench.transport->user().on_end(true);
  }
  SECTION("when the origin stalls") {
    bench.pass(bench.host.server().request_timeout_ms);
  }
  SECTION("when it must make room for others") {
    bench.connection->cut_off();
  }
  CHECK(bench.transport->was_reset);
  CHECK_FALSE(bench.transport->is_shut_down);
  CHECK(bench.host.counted(Outcome::aborted) == 1);
  CHECK(bench.host.waiters() == 0);
}

TEST_CASE("http1 connection: what it held alone is known when it is cut off", "[daemon]") {
  Bench bench;
  bench.transport->room = 0;
  bench.receive(request_for(kOther));
  bench.host.answer(event_of(head_of(100), {std::string(40, 'x')}));
  bench.host.answer(event_of(nullptr, {std::string(50, 'y')}));
  bench.connection->cut_off();
  CHECK(bench.connection->cut_bytes() > 90);  // and the head
  CHECK(bench.host.in_line() == 0);
}

TEST_CASE("http1 connection: closing while nothing is answered is no abort", "[daemon]") {
  Bench bench;
  bench.receive(request_for(kEntry));
  bench.connection->close();
  CHECK(bench.transport->is_closed);
  CHECK_FALSE(bench.transport->was_reset);
  CHECK(bench.host.counted(Outcome::aborted) == 0);
  bench.transport->user().on_closed();
  CHECK(bench.host.closed == 1);
}

TEST_CASE("http1 connection: in a spent turn large stored bodies wait, small ones do not",
          "[daemon]") {
  Bench bench;
  const auto size = GENERATE(16u * 1024, 40u * 1024);
  CAPTURE(size);
  const std::string large(size, 'x');
  bench.host.store_answer(kOther, large);
  bench.host.turn().spend(TurnLine::kTurnBytes);
  bench.receive(request_for(kEntry));
  CHECK(bench.answers() == 1);
  bench.receive(request_for(kEntry) + request_for(kOther) + request_for(kEntry));
  CHECK(bench.answers() == 2);  // what was asked before goes out
  bench.receive(request_for(kEntry));
  CHECK(bench.answers() == 2);
  bench.host.pass(1);
  bench.host.turn().run();
  CHECK(bench.answers() == 5);
  CHECK(has(bench.transport->sent, large));
  CHECK(bench.host.turn().is_empty());
}

TEST_CASE("http1 connection: a stored body in rows goes on turn by turn", "[daemon]") {
  Bench bench;
  const std::string large(40 * 1024, 'x');
  bench.host.store_answer(kOther, large);
  bench.host.turn().spend(TurnLine::kTurnBytes - 1);
  bench.receive(request_for(kOther));
  CHECK(bench.answers() == 1);
  const auto first = bench.transport->sent.size();
  CHECK(first < 20'000);
  bench.receive(request_for(kEntry));
  bench.host.pass(1);
  bench.host.turn().run();
  CHECK(has(bench.transport->sent, large));
  CHECK(bench.answers() == 2);
}

/// Else a sweep, which begins anew in each turn, would serve the same few before all others.
TEST_CASE("http1 connection: a sweep serves nobody who waits for a turn", "[daemon]") {
  Bench bench;
  bench.host.store_answer(kOther, std::string(20'000, 'x'));
  bench.host.turn().spend(TurnLine::kTurnBytes);
  bench.receive(request_for(kOther) + request_for("/v3/content_types/blog/entries/blt3"));
  bench.host.turn().begin_turn();
  bench.connection->check_deadline(bench.host.now());
  CHECK(bench.answers() == 0);
  CHECK_FALSE(bench.host.turn().is_empty());
  bench.host.turn().run();
  CHECK(bench.answers() == 1);
  CHECK(bench.host.waiters() == 1);
  bench.answer("filled");
  CHECK(bench.answers() == 2);
}

TEST_CASE("http1 connection: clients that leave in a spent turn are closed in later ones",
          "[daemon]") {
  Bench bench;
  const bool broken = GENERATE(false, true);
  CAPTURE(broken);
  bench.host.turn().spend(TurnLine::kTurnBytes);
  bench.transport->user().on_end(broken);
  CHECK_FALSE(bench.transport->is_closed);
  CHECK_FALSE(bench.transport->is_reading);
  bench.host.turn().begin_turn();
  bench.host.turn().run();
  CHECK(bench.transport->is_closed);
}

TEST_CASE("http1 connection: an ending takes its share of a turn", "[daemon]") {
  Bench bench;
  bench.host.pass(bench.host.server().idle_timeout_ms);
  bench.host.turn().spend(TurnLine::kTurnBytes - TurnLine::kConnectionBytes);
  CHECK_FALSE(bench.host.turn().is_spent());
  SECTION("of an idle one") {
    bench.connection->check_deadline(bench.host.now());
  }
  SECTION("by the client") {
    bench.half_close();
  }
  SECTION("by the daemon") {
    bench.connection->close();
  }
  CHECK(bench.host.turn().is_spent());
}

TEST_CASE("http1 connection: of the requests of a turn the first is sampled, while there is room",
          "[daemon]") {
  Bench bench;
  bench.host.sampling = true;
  const std::string two = request_for(kEntry) + request_for(kEntry);
  bench.receive(two);
  REQUIRE(bench.answers() == 2);
  CHECK(bench.host.sampled.size() == 1);
  bench.pass(1);
  bench.receive(two);
  CHECK(bench.host.sampled.size() == 2);
  bench.host.sampling = false;
  bench.pass(1);
  bench.receive(two);
  CHECK(bench.host.sampled.size() == 2);
}
