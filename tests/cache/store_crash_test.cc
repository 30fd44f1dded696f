// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <filesystem>
#include <map>

#include "cache/store/store.h"
#include "tests/cache/store_fixture.h"

namespace larder::test {
namespace {

constexpr Bytes kSize = 16u << 20;
constexpr unsigned kUrls = 60;

ObjectPlan plan_of(unsigned url, std::uint64_t version) {
  ObjectPlan plan;
  plan.path = "/v3/entries/" + std::to_string(url);
  plan.scope = url % 3;
  plan.seed = version;
  plan.length = url % 10 == 0 ? 200'000 : 300 + 50 * url;
  return plan;
}

/// What the child says it is about to do, and what was acknowledged to it.
struct Event {
  enum class What : std::uint32_t { storing, stored, purging, purged } what;
  std::uint32_t url;
  std::uint64_t version;
};

void say(int pipe, Event event) {
  LARDER_CHECK(::write(pipe, &event, sizeof event) == sizeof event);
}

/// Stores and purges for ever, each with a version higher than all before.
int work(const std::string& path, int pipe, std::uint64_t version) {
  Store store(config_at(path, kSize), 100, hasher(), make_fifo());
  for (Numbers numbers(version);; ++version) {
    const auto url = static_cast<unsigned>(numbers() % kUrls);
    if (numbers() % 8 != 0) {
      const ObjectPlan plan = plan_of(url, version);
      say(pipe, {Event::What::storing, url, version});
      const auto done = [=](bool committed) {
        if (committed) say(pipe, {Event::What::stored, url, version});
      };
      while (!put(store, make_object(plan), label_of(plan.scope), done)) drain(store);
      continue;
    }
    PurgeOrder order;
    order.what = PurgeOrder::What::url;
    order.path = plan_of(url, 0).path;
    say(pipe, {Event::What::purging, url, version});
    store.purge(order, [=](const PurgeResult& result) {
      if (!result.error) say(pipe, {Event::What::purged, url, version});
    });
  }
}

/// What may be found under a URL after what was heard.
struct Expectation {
  std::uint64_t least = 0;     ///< below are versions that were replaced or purged, acknowledged
  bool must_be_there = false;  ///< the last acknowledged was a store, no purge was begun since
  std::uint64_t purging = 0;   ///< version of the last purge that was begun
};

void hear(const Event& event, std::map<unsigned, Expectation>& expected) {
  Expectation& one = expected[event.url];
  switch (event.what) {
    case Event::What::storing:
      break;
    case Event::What::stored:
      one.least = std::max(one.least, event.version);
      one.must_be_there = one.purging < event.version;
      break;
    case Event::What::purging:
      one.purging = event.version;
      one.must_be_there = false;
      break;
    case Event::What::purged:
      one.least = std::max(one.least, event.version + 1);
      break;
  }
}

/// Lets a child work until it has said `count` things, kills it, hears the rest: the last version.
std::uint64_t cycle(const std::string& path, unsigned count, std::uint64_t version,
                    std::map<unsigned, Expectation>& expected) {
  int ends[2];
  LARDER_CHECK(::pipe(ends) == 0);
  const pid_t child = ::fork();
  LARDER_CHECK(child >= 0);
  if (child == 0) {
    ::close(ends[0]);
    ::_exit(work(path, ends[1], version));
  }
  ::close(ends[1]);
  Event event{};
  unsigned heard = 0;
  while (::read(ends[0], &event, sizeof event) == sizeof event) {
    version = std::max(version, event.version);
    hear(event, expected);
    if (++heard == count) ::kill(child, SIGKILL);
  }
  ::close(ends[0]);
  int status = 0;
  LARDER_CHECK(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGKILL);
  return version;
}

void check_url(StoreReader& reader, unsigned url, const Expectation& expected) {
  CAPTURE(url, expected.least, expected.purging, expected.must_be_there);
  const ObjectPlan any = plan_of(url, 0);
  const auto view = reader.lookup(key_of(any), canonical_of(any), mac_of(any.scope), WallTime{});
  if (!view) {
    REQUIRE_FALSE(expected.must_be_there);
    return;
  }
  const std::uint64_t version = std::stoull(std::string(view->shared_fields.substr(8)));
  REQUIRE(version >= expected.least);
  REQUIRE(see(reader, plan_of(url, version)) == Seen::whole);
}

}  // namespace

TEST_CASE("store: after kill -9 everything acknowledged holds, and every object is whole",
          "[store][crash]") {
  const TemporaryDirectory directory;
  std::map<unsigned, Expectation> expected;
  std::uint64_t version = 1;
  Numbers numbers(1);
  for (int round = 0; round < 50; ++round) {
    CAPTURE(round, version);
    version =
        cycle(directory.path(), 1 + static_cast<unsigned>(numbers() % 700), version, expected) + 1;
    REQUIRE_FALSE(std::filesystem::exists(directory.file("data.mdb.quarantined")));
    Store store(config_at(directory.path(), kSize), 100, hasher(), make_fifo());
    StoreReader reader = store.reader();
    for (unsigned url = 0; url < kUrls; ++url) check_url(reader, url, expected[url]);
    drain(store);
    REQUIRE(store.stats().corrupt == 0);
    REQUIRE(store.stats().begun_anew == 0);
    REQUIRE(store.stats().evicted == 0);
  }
}

}  // namespace larder::test
