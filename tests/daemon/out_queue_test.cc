// SPDX-License-Identifier: Apache-2.0
#include "daemon/client/out_queue.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include "tests/daemon/client_fakes.h"

using namespace larder;
using larder::test::body_of;
using larder::test::chunk_of;
using larder::test::FakeHost;
using larder::test::FakeTransport;

namespace {

/// A queue whose owner does what a connection does: at a cut-off it ends.
struct Bench final : OutputHolder, TransportUser {
  explicit Bench(Bytes max_output = 1u << 20) : host(max_output) { transport.set_user(*this); }

  void on_turn() override { out.take_turn(); }
  void cut_off() override {
    cut = out.sole_bytes();
    out.end();
    transport.reset();
  }
  std::size_t cut_bytes() const override { return cut; }
  void on_bytes(std::string_view) override {}
  void on_end(bool) override { out.end(); }
  void on_written(std::size_t bytes) override { out.on_written(bytes); }
  void on_closed() override {}

  FakeHost host;
  FakeTransport transport;
  OutQueue out{host, transport, *this};
  std::size_t cut = 0;
};

}  // namespace

TEST_CASE("out queue: what the socket takes at once goes out in one call and is not kept",
          "[daemon]") {
  Bench bench;
  CHECK(bench.out.send("head", "body", false));
  CHECK(bench.transport.sent == "headbody");
  CHECK(bench.transport.try_writes == 1);
  CHECK(bench.out.is_idle());
  CHECK(bench.out.sent() == 8);
  CHECK(bench.host.held().output() == 0);
}

TEST_CASE("out queue: small answers of a pipeline go out in one call", "[daemon]") {
  Bench bench;
  CHECK(bench.out.send("one ", "1 ", true));
  CHECK(bench.out.send("two ", "2 ", true));
  CHECK(bench.transport.sent.empty());
  SECTION("with the last of them") {
    CHECK(bench.out.send("three ", "3", false));
    CHECK(bench.transport.sent == "one 1 two 2 three 3");
    CHECK(bench.transport.try_writes == 1);
  }
  SECTION("when the pipeline has no more") {
    CHECK(bench.out.send_gathered());
    CHECK(bench.transport.sent == "one 1 two 2 ");
  }
  SECTION("with one that would make them more than the buffer takes") {
    const std::string large(16 * 1024, 'x');
    CHECK(bench.out.send("large ", large, true));
    CHECK(bench.transport.sent == "one 1 two 2 large " + large);
  }
  CHECK(bench.host.gathered().empty());
}

TEST_CASE("out queue: the tail that the socket does not take is copied, charged, and in line",
          "[daemon]") {
  const auto room = GENERATE(0u, 1u, 5u, 9u, 13u);
  CAPTURE(room);
  Bench bench;
  bench.transport.room = room;
  CHECK(bench.out.send("gathered", {}, true));
  {
    const std::string head = "head", body = "body";  // borrowed: gone after the call
    CHECK(bench.out.send(head, body, false));
  }
  CHECK(bench.out.is_writing());
  CHECK(bench.host.gathered().empty());
  CHECK(bench.host.held().output() > 16 - room);
  CHECK(bench.host.in_line() == 1);
  bench.transport.take();
  CHECK(bench.transport.sent == "gatheredheadbody");
  CHECK(bench.out.sent() == 16);
  CHECK(bench.out.is_idle());
  CHECK(bench.host.held().output() == 0);
  CHECK(bench.host.in_line() == 0);
}

TEST_CASE("out queue: pieces keep their order, however few bytes the socket takes", "[daemon]") {
  const auto step = GENERATE(1u, 2u, 7u, 100u);
  CAPTURE(step);
  Bench bench;
  bench.transport.room = step;
  std::string expected;
  for (int i = 0; i < 40; ++i) {  // more than one call takes
    const std::string text = "<" + std::to_string(i) + ">";
    expected += text;
    bench.out.push(i % 2 == 0 ? OutPiece{.owner = text} : OutPiece{.owner = chunk_of(text)});
    if (i % 3 == 0) CHECK(bench.out.flush());
  }
  CHECK(bench.out.flush());
  for (unsigned turn = 0; turn < 1'000 && !bench.out.is_idle(); ++turn) {
    bench.transport.take(step);
    CHECK(bench.out.flush());
  }
  CHECK(bench.out.is_idle());
  CHECK(bench.transport.sent == expected);
  CHECK(bench.out.sent() == expected.size());
}

TEST_CASE("out queue: a client that takes less than 1 KiB a second is stuck", "[daemon]") {
  struct Case {
    const char* name;
    std::size_t taken;
    bool stuck;
  };
  const auto c = GENERATE(
      values<Case>({{"nothing", 0, true}, {"too little", 500, true}, {"enough", 20'000, false}}));
  CAPTURE(c.name);
  Bench bench;
  bench.transport.room = 0;
  CHECK(bench.out.send(body_of(1, 50'000), {}, false));
  const auto term = bench.host.server().write_timeout_ms;
  bench.host.pass(term - 1);
  CHECK_FALSE(bench.out.is_stuck(bench.host.now()));
  bench.transport.take(c.taken);
  bench.host.pass(1);
  CHECK(bench.out.is_stuck(bench.host.now()) == c.stuck);
  if (c.stuck) return;
  bench.host.pass(term - 1);
  CHECK_FALSE(bench.out.is_stuck(bench.host.now()));
  bench.host.pass(1);
  CHECK(bench.out.is_stuck(bench.host.now()));
}

TEST_CASE("out queue: at the bound of output the one that waits longest is cut off", "[daemon]") {
  Bench bench(4'000);
  bench.transport.room = 0;
  SECTION("who has none in front of it in line gets no room") {
    CHECK_FALSE(bench.out.send(body_of(1, 5'000), {}, false));
    CHECK_FALSE(bench.transport.is_writing());
  }
  SECTION("that may be itself") {
    bench.out.push({.owner = body_of(1, 3'000)});
    bench.out.push({.owner = body_of(2, 3'000)});
    CHECK_FALSE(bench.out.flush());
    CHECK(bench.out.state() == OutQueue::State::ended);
    CHECK(bench.transport.was_reset);
    CHECK(bench.cut == 6'000);
  }
  CHECK(bench.host.in_line() == 0);
}

TEST_CASE("out queue: only bytes that nobody else holds count as given back", "[daemon]") {
  Bench bench;
  bench.transport.room = 0;
  const auto shared = chunk_of("shared");
  bench.out.push({.owner = shared});
  bench.out.push({.owner = chunk_of("alone")});
  CHECK(bench.out.sole_bytes() == 5);
  CHECK(bench.out.flush());
  CHECK(bench.out.sole_bytes() == 5);
  bench.out.push({.owner = chunk_of("queued")});
  CHECK(bench.out.sole_bytes() == 11);
}

TEST_CASE("out queue: what the kernel holds for a client is charged while its write is out",
          "[daemon]") {
  Bench bench;
  bench.transport.room = 5;
  bench.transport.kernel = 300'000;
  CHECK(bench.out.send("head ", "body", false));
  CHECK(bench.host.held().output() > 300'000);
  SECTION("until the client has taken it") {
    bench.transport.take();
  }
  SECTION("until the connection ends") {
    bench.out.end();
  }
  CHECK(bench.host.held().output() < 300'000);
}

TEST_CASE("out queue: the bound of output counts what the kernel holds", "[daemon]") {
  Bench bench;
  bench.transport.room = 5;
  bench.transport.kernel = 1u << 20;
  CHECK_FALSE(bench.out.send("head ", "body", false));
  CHECK(bench.transport.was_reset);
  CHECK(bench.host.held().output() < 1'000);
}

TEST_CASE("out queue: what it sends is done in this turn, and a spent turn puts off", "[daemon]") {
  Bench bench;
  CHECK_FALSE(bench.out.puts_off());
  CHECK(bench.out.send(std::string(TurnLine::kTurnBytes, 'x'), {}, false));
  CHECK(bench.out.puts_off());
  CHECK(bench.out.puts_off());
  SECTION("until the next turn, once") {
    bench.host.pass(1);
    bench.host.turn().run();
    CHECK_FALSE(bench.out.puts_off());
  }
  SECTION("unless it ends before") {
    bench.out.end();
  }
  CHECK(bench.host.turn().is_empty());
}

TEST_CASE("out queue: what is held back is in line, and no byte of it goes out", "[daemon]") {
  Bench bench;
  bench.out.push({.owner = chunk_of("body")});
  CHECK(bench.out.hold_back());
  CHECK(bench.out.hold_back());
  CHECK(bench.host.in_line() == 1);
  CHECK(bench.transport.sent.empty());
  bench.out.push_front({.owner = std::string("head ")});
  bench.out.stop_waiting();
  CHECK(bench.host.in_line() == 0);
  CHECK(bench.out.flush());
  CHECK(bench.transport.sent == "head body");
}

TEST_CASE("out queue: a broken socket is said, and nothing is left for the next connection",
          "[daemon]") {
  Bench bench;
  CHECK(bench.out.send("gathered", {}, true));
  bench.transport.broken = true;
  CHECK_FALSE(bench.out.send("head", "body", false));
  CHECK(bench.host.gathered().empty());
  bench.out.end();
  CHECK_FALSE(bench.out.send("more", {}, true));
  CHECK_FALSE(bench.out.flush());
  CHECK(bench.host.gathered().empty());
}
