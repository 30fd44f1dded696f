// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "cache/store/restore.h"
#include "cache/store/store.h"
#include "tests/cache/store_fixture.h"

/// By these the watchdog knows that the writer goes on.
namespace larder::test {
namespace {

std::unique_ptr<Store> open_store(const std::string& path) {
  return std::make_unique<Store>(config_at(path), 100, hasher(), make_fifo());
}

bool steps_beyond(const Store& store, std::uint64_t before) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (store.writer_steps() <= before) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

void fill(Store& store, unsigned objects) {
  constexpr unsigned kAtOnce = 100;
  for (unsigned from = 0; from < objects; from += kAtOnce) {
    Countdown stored(kAtOnce);
    for (unsigned i = from; i < from + kAtOnce; ++i) {
      ObjectPlan plan;
      plan.path = "/v3/entries/" + std::to_string(i);
      plan.length = 300;
      LARDER_CHECK(put(store, make_object(plan), label_of(0), [&](bool) { stored.one_less(); }));
    }
    stored.wait();
  }
}

}  // namespace

TEST_CASE("store steps: the writer takes one soon after each question", "[store]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  for (int i = 0; i < 3; ++i) {
    const std::uint64_t before = store->writer_steps();
    store->ask_writer();
    CHECK(steps_beyond(*store, before));
  }
}

TEST_CASE("store steps: each commit is one", "[store]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  REQUIRE(put_and_wait(*store, ObjectPlan{}));
  CHECK(store->writer_steps() >= store->stats().commits);
  CHECK(store->stats().commits >= 1);
}

TEST_CASE("store steps: reading a long index after a start is no standstill", "[store]") {
  const TemporaryDirectory directory;
  constexpr unsigned kObjects = 2 * kRowsInStep;
  fill(*open_store(directory.path()), kObjects);
  const auto store = open_store(directory.path());
  ObjectPlan plan;
  plan.path = "/v3/entries/later";
  REQUIRE(put_and_wait(*store, plan));  // the index is read before
  CHECK(store->writer_steps() >= store->stats().commits + kObjects / kRowsInStep);
}

}  // namespace larder::test
