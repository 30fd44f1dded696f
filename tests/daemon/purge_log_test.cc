// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/purge_log.h"

#include <catch2/catch_test_macros.hpp>

namespace {

using larder::PurgeLog;
using larder::PurgeOrder;
using larder::PurgeSource;

PurgeOrder order_of(PurgeSource source, std::size_t changes) {
  PurgeOrder order;
  order.source = source;
  order.what = PurgeOrder::What::change;
  order.api_key = "key";
  for (std::size_t i = 0; i < changes; ++i) {
    order.changes.push_back({.what = larder::ContentChange::What::asset,
                             .content_type = "",
                             .uid = "a" + std::to_string(i)});
  }
  return order;
}

}  // namespace

TEST_CASE("purge log: the last ones are kept, the latest first", "[daemon]") {
  const larder::AnchoredClock clock;
  PurgeLog log;
  log.keep(2);
  for (std::size_t i = 1; i <= 3; ++i) {
    log.noting(order_of(PurgeSource::http, i), clock, [](larder::PurgeResult) {})({});
  }
  const std::string json = log.json(10);
  const auto third = json.find("asset a0, asset a1, asset a2\"");
  const auto second = json.find("asset a0, asset a1\"");
  REQUIRE(third != std::string::npos);
  REQUIRE(second != std::string::npos);
  CHECK(third < second);
  CHECK(json.find("asset a0\"") == std::string::npos);
  CHECK(log.json(0) == "{\"events\":[]}\n");
  CHECK(log.counts()[static_cast<std::size_t>(PurgeSource::http)].done == 3);
}

TEST_CASE("purge log: a purge of much is told in short, and one that failed as such", "[daemon]") {
  const larder::AnchoredClock clock;
  PurgeLog log;
  PurgeOrder order = order_of(PurgeSource::sync, 5'000);
  order.happened = {clock.now().ms - 5'000};
  bool told = false;
  larder::PurgeResult result;
  result.error = larder::Error{larder::Error::Code::io, "no"};
  log.noting(order, clock, [&](larder::PurgeResult) { told = true; })(result);
  CHECK(told);
  const std::string json = log.json(1);
  CHECK(json.size() < 1'000);
  CHECK(json.find("and 4992 more") != std::string::npos);
  CHECK(json.find("\"scope\":\"key/*/*\"") != std::string::npos);
  CHECK(json.find("\"done\":false") != std::string::npos);
  CHECK(json.find("\"objects\":null") != std::string::npos);
  CHECK(json.find("\"lag_ms\":5") != std::string::npos);
  CHECK(log.counts()[static_cast<std::size_t>(PurgeSource::sync)].failed == 1);
}

TEST_CASE("purge log: tags and repeated events are counted by who asked", "[daemon]") {
  const larder::AnchoredClock clock;
  PurgeLog log;
  larder::PurgeResult result;
  result.tags = 6;
  PurgeOrder order = order_of(PurgeSource::bus, 1);
  order.happened = {clock.now().ms - 1'000};
  log.noting(order, clock, [](larder::PurgeResult) {})(result);
  log.noting(order, clock, [](larder::PurgeResult) {})(result);
  log.note_repeated(PurgeSource::sync, 2);
  const auto counts = log.counts();
  CHECK(counts[static_cast<std::size_t>(PurgeSource::bus)].tags == 12);
  CHECK(counts[static_cast<std::size_t>(PurgeSource::bus)].done == 2);
  CHECK(counts[static_cast<std::size_t>(PurgeSource::sync)].repeated == 2);
  CHECK(counts[static_cast<std::size_t>(PurgeSource::operator_)].done == 0);
  const std::string json = log.json(1);
  CHECK(json.find("\"source\":\"bus\"") != std::string::npos);
  CHECK(json.find("\"tags\":6") != std::string::npos);
  CHECK(json.find("\"lag_ms\":null") == std::string::npos);
}
