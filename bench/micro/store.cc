// SPDX-License-Identifier: Apache-2.0
// Lookups among so many objects of 1 KB: what a hit pays for a large store.
#include <benchmark/benchmark.h>

#include <map>
#include <memory>

#include "bench/load/zipf.h"
#include "tests/cache/store_fixture.h"

namespace larder::bench {
namespace {

struct Wanted {
  CacheKey key;
  std::string canonical;
};

test::ObjectPlan plan_of(std::uint64_t number) {
  test::ObjectPlan plan;
  plan.path = "/v3/content_types/blog/entries/blt" + std::to_string(number);
  plan.query = "locale=en-us";
  plan.seed = number;
  plan.length = 1'024;
  return plan;
}

class FilledStore {
 public:
  explicit FilledStore(std::uint64_t objects)
      : store_(test::config_at(folder_.path(), (64u << 20) + objects * 4'096), 64, test::hasher(),
               make_fifo()) {
    for (std::uint64_t stored = 0; stored < objects;) {
      if (test::put(store_, test::make_object(plan_of(stored)), test::label_of(0), [](bool) {})) {
        ++stored;
      } else {
        test::drain(store_);
      }
    }
    test::drain(store_);
  }
  Store& store() { return store_; }

 private:
  test::TemporaryDirectory folder_;
  Store store_;
};

/// Filled once, for all runs of this size.
Store& store_of(std::uint64_t objects) {
  static std::map<std::uint64_t, std::unique_ptr<FilledStore>> stores;
  std::unique_ptr<FilledStore>& filled = stores[objects];
  if (!filled) filled = std::make_unique<FilledStore>(objects);
  return filled->store();
}

/// Keys all over the store, as clients draw them, each in a turn of its own.
void lookup(benchmark::State& state) {
  const auto objects = static_cast<std::uint64_t>(state.range(0));
  StoreReader reader = store_of(objects).reader();
  std::vector<Wanted> wanted;
  Random random(1);
  for (int i = 0; i < 4'096; ++i) {
    const test::ObjectPlan plan = plan_of(random.next() % objects);
    wanted.push_back({test::key_of(plan), test::canonical_of(plan)});
  }
  const ScopeMac scope = test::mac_of(0);
  std::size_t at = 0;
  for (auto _ : state) {
    const Wanted& one = wanted[at++ % wanted.size()];
    auto found = reader.lookup(one.key, one.canonical, scope, WallTime{});
    if (!found) state.SkipWithError("an object is missing");
    benchmark::DoNotOptimize(found);
    reader.end_turn();
  }
}

BENCHMARK(lookup)->Arg(1'000)->Arg(100'000);

}  // namespace
}  // namespace larder::bench
