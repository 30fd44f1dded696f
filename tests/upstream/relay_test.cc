// SPDX-License-Identifier: Apache-2.0
#include "upstream/relay.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include "tests/upstream/fake_transfers.h"

using namespace larder;
using test::FakeOut;
using test::FakeTransfers;

namespace {

const std::vector<std::string> kJson = {"Content-Type: application/json"};

/// One relay, and whoever owns it.
struct Fixture final : RelayOwner {
  FakeTransfers transfers;
  FakeOut out;
  std::unique_ptr<Relay> relay;

  explicit Fixture(Relay::Privacy privacy = Relay::Privacy::as_sent)
      : relay(std::make_unique<Relay>(transfers, *this, Waiter{&out, 1}, privacy)) {}
  bool start() { return !relay->start({.host = "h", .url = "h/x", .headers = {}}); }
  const FakeOut::Got& got() { return out.of(1); }

  Chunk hold_output(std::string bytes) override {
    return std::make_shared<const std::string>(std::move(bytes));
  }
  void on_relay_over(Waiter waiter) override {
    CHECK(waiter.id == 1);
    relay.reset();
  }
};

}  // namespace

TEST_CASE("relay: an answer goes through as it comes", "[upstream]") {
  Fixture f;
  REQUIRE(f.start());
  CHECK(f.transfers.at(0).lane == Lane::pass);
  f.transfers.head(0, 200, kJson, "{\"a\":");
  CHECK(f.got().head->status == 200);
  CHECK_FALSE(f.got().head->body_length);
  CHECK(f.got().body == "{\"a\":");
  f.transfers.end(0, "1}");
  CHECK(f.got().body == "{\"a\":1}");
  CHECK(f.got().complete());
  CHECK(f.got().source == AnswerSource::relay);
  CHECK_FALSE(f.got().stored);
  CHECK(f.relay == nullptr);
}

TEST_CASE("relay: an answer that is whole at once goes out as one event, with its length",
          "[upstream]") {
  Fixture f;
  REQUIRE(f.start());
  f.transfers.answer(0, 500, kJson, "oh");
  CHECK(f.got().events == 1);
  CHECK(f.got().head->status == 500);
  CHECK(f.got().head->body_length == 2);
  CHECK(f.got().complete());
}

TEST_CASE("relay: a preview travels in its own lane, and nobody may keep it", "[upstream]") {
  Fixture f(Relay::Privacy::private_no_store);
  REQUIRE(f.start());
  CHECK(f.transfers.at(0).lane == Lane::preview);
  f.transfers.answer(0, 200,
                     {"Content-Type: application/json", "Cache-Control: public, max-age=60",
                      "Expires: Thu, 01 Jan 2099 00:00:00 GMT"},
                     "{}");
  const std::string& fields = f.got().head->blocks.shared;
  CHECK(fields.find("Cache-Control: private, no-store\r\n") != std::string::npos);
  CHECK(fields.find("public") == std::string::npos);
  CHECK(fields.find("Expires") == std::string::npos);
}

TEST_CASE("relay: no redirect is handed on", "[upstream]") {
  const int status = GENERATE(301, 302, 304, 307);
  Fixture f;
  REQUIRE(f.start());
  f.transfers.head(0, status, {"Location: http://elsewhere/"}, "see there");
  CHECK(f.got().failed());
  CHECK(f.got().head == nullptr);
  REQUIRE(f.got().failure);
  CHECK(f.got().failure->status == 502);
  CHECK(f.relay == nullptr);
  CHECK(f.transfers.at(0).abandoned);
}

TEST_CASE("relay: a failure before the head is told, after it the answer is cut off",
          "[upstream]") {
  Fixture f;
  REQUIRE(f.start());
  SECTION("before") {
    f.transfers.fail(0, OriginCause::timed_out);
    CHECK(f.got().head == nullptr);
    REQUIRE(f.got().failure);
    CHECK(f.got().failure->status == 504);
  }
  SECTION("after") {
    f.transfers.head(0, 200, kJson, "{");
    f.transfers.fail(0);
    CHECK(f.got().body == "{");
    CHECK_FALSE(f.got().failure);
  }
  SECTION("the end that nothing proves is a failure too") {
    f.transfers.head(0, 200, kJson, "{}");
    f.transfers.end(0, "", false);
    CHECK_FALSE(f.got().failure);
  }
  SECTION("and nothing of an answer is shown that is broken from the start") {
    f.transfers.answer(0, 200, kJson, "{}", false);
    CHECK(f.got().head == nullptr);
    CHECK(f.got().failure);
  }
  CHECK(f.got().failed());
  CHECK(f.relay == nullptr);
}

TEST_CASE("relay: reads at most a window ahead of its client", "[upstream]") {
  Fixture f;
  REQUIRE(f.start());
  f.transfers.head(0, 200, kJson, std::string(Relay::kWindowBytes - 1, 'x'));
  CHECK_FALSE(f.transfers.at(0).paused);
  f.transfers.body(0, "x");
  CHECK(f.transfers.at(0).paused);
  f.relay->credit(1);
  CHECK_FALSE(f.transfers.at(0).paused);
  f.transfers.body(0, "xx");
  CHECK(f.transfers.at(0).paused);
  f.relay->credit(10'000'000);  // never more than was sent
  f.transfers.body(0, std::string(Relay::kWindowBytes, 'x'));
  CHECK(f.transfers.at(0).paused);
}

TEST_CASE("relay: who leaves ends the transfer", "[upstream]") {
  Fixture f;
  REQUIRE(f.start());
  f.relay.reset();
  CHECK(f.transfers.at(0).abandoned);
  CHECK(f.got().events == 0);
}

TEST_CASE("relay: nothing starts where the queue is full", "[upstream]") {
  Fixture f;
  f.transfers.full = true;
  CHECK_FALSE(f.start());
  CHECK(f.transfers.count() == 0);
}

TEST_CASE("relay: what its client makes it wait adds up, and cut() breaks the answer off",
          "[upstream]") {
  Fixture f;
  REQUIRE(f.start());
  f.transfers.head(0, 200, kJson, "x");
  CHECK(f.relay->count_wait(250) == 0);
  f.transfers.body(0, std::string(Relay::kWindowBytes, 'x'));
  CHECK(f.relay->count_wait(250) == 250);
  f.relay->credit(100'000);
  CHECK(f.relay->count_wait(250) == 250);
  f.transfers.body(0, std::string(100'000, 'x'));
  CHECK(f.relay->count_wait(250) == 500);
  f.relay->cut();
  CHECK(f.relay == nullptr);
  CHECK(f.got().failed());
  CHECK(f.transfers.at(0).abandoned);
}
