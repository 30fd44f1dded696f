// SPDX-License-Identifier: Apache-2.0
#include "bench/simulate/simulation.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <deque>
#include <map>
#include <string>

#include "tests/cache/store_fixture.h"

using namespace larder;
using namespace larder::bench;

namespace {

/// "a b a -a a:7": requests of one byte, of seven, and a purge.
Trace trace_of(const std::string& words) {
  TraceBuilder builder;
  std::string word;
  for (const char c : words + " ") {
    if (c != ' ') {
      word += c;
      continue;
    }
    const std::size_t colon = word.find(':');
    if (word.starts_with('-')) {
      builder.purge(0, word.substr(1));
    } else if (!word.empty()) {
      const auto size = colon == std::string::npos ? 1 : std::stoul(word.substr(colon + 1));
      builder.request(0, word.substr(0, colon), size);
    }
    word.clear();
  }
  return builder.finish("test", "words");
}

SimulationResult simulate(const Trace& trace, const std::string& policy, const Budget& budget,
                          const Mishaps& mishaps = {}) {
  const Future future(trace);
  Simulation simulation(trace, policy_choice(policy), &future, budget, mishaps);
  while (simulation.run(100)) continue;
  return simulation.result();
}

std::uint64_t misses(const std::string& words, const std::string& policy, std::uint64_t capacity) {
  return simulate(trace_of(words), policy, budget_of_bytes(capacity)).all.misses;
}

/// Requests for keys of different sizes, some asked for much more than others, and purges.
Trace random_trace(std::uint64_t seed, int lines) {
  test::Numbers numbers(seed);
  TraceBuilder builder;
  for (int i = 0; i < lines; ++i) {
    const std::uint64_t range = numbers() % 3 == 0 ? 2'000 : numbers() % 2 == 0 ? 200 : 20;
    const std::uint64_t key = numbers() % range;
    if (numbers() % 100 == 0) {
      builder.purge(i, std::to_string(key));
    } else {
      builder.request(i, std::to_string(key), 100 + key * 7'919 % 5'000);
    }
  }
  return builder.finish("random", "numbers");
}

/// LRU, FIFO and SIEVE over a plain sequence, newest first.
class Model {
 public:
  Model(std::string policy, std::uint64_t capacity)
      : policy_(std::move(policy)), capacity_(capacity) {}

  std::uint64_t misses = 0, missed_bytes = 0;

  void take(const TraceEvent& event) {
    const auto found = std::find_if(queue_.begin(), queue_.end(),
                                    [&](const Entry& entry) { return entry.key == event.key; });
    if (event.size == TraceEvent::kPurge) {
      if (found != queue_.end()) erase(found);
      return;
    }
    if (found != queue_.end()) {
      found->used = true;
      if (policy_ == "lru") std::rotate(queue_.begin(), found, found + 1);
      return;
    }
    ++misses;
    missed_bytes += event.size;
    if (event.size > capacity_) return;
    while (used_ + event.size > capacity_) erase(victim());
    queue_.push_front({event.key, event.size, false});
    if (hand_ >= 0) ++hand_;
    used_ += event.size;
  }

 private:
  struct Entry {
    std::uint32_t key;
    std::uint64_t size;
    bool used;
  };
  using Place = std::deque<Entry>::iterator;

  void erase(Place place) {
    const auto index = place - queue_.begin();
    used_ -= place->size;
    queue_.erase(place);
    if (index <= hand_) --hand_;  // to the next newer one, or to none
  }
  Place victim() {
    const auto last = static_cast<std::ptrdiff_t>(queue_.size()) - 1;
    if (policy_ != "sieve") return queue_.begin() + last;
    if (hand_ < 0) hand_ = last;
    while (queue_[static_cast<std::size_t>(hand_)].used) {
      queue_[static_cast<std::size_t>(hand_)].used = false;
      hand_ = hand_ == 0 ? last : hand_ - 1;
    }
    return queue_.begin() + hand_;
  }

  std::string policy_;
  std::uint64_t capacity_;
  std::deque<Entry> queue_;
  std::uint64_t used_ = 0;
  std::ptrdiff_t hand_ = -1;
};

}  // namespace

TEST_CASE("simulation: small traces by hand", "[bench]") {
  struct Case {
    const char* name;
    const char* policy;
    const char* words;
    std::uint64_t capacity;
    std::uint64_t misses;
  };
  const auto c = GENERATE(values<Case>({
      {"LRU keeps what was used", "lru", "a b a c a b", 2, 4},
      {"FIFO does not", "fifo", "a b a c a b", 2, 5},
      {"SIEVE keeps what was used", "sieve", "a b a c a b", 2, 4},
      {"SIEVE passes over it once", "sieve", "a b a c d a", 2, 5},
      {"a purge makes a miss", "lru", "a -a a a", 2, 2},
      {"a purge makes room", "fifo", "a b -a c b", 2, 3},
      {"a purge of nothing does nothing", "lru", "-a a -b a", 2, 1},
      {"another size is another content", "lru", "a:2 a:3 a:3", 9, 2},
      {"too large for the cache: nothing leaves", "lru", "a b:9 a b:9", 2, 3},
      {"several leave for a large one", "lru", "a b c d:3 c d:3", 3, 6},
      {"the future: what comes sooner stays", "belady", "a b c a b c", 2, 4},
      {"the future: what never comes is not stored", "belady", "a b x y z a b", 2, 5},
      {"the future: large ones wait at a high price", "belady", "a:4 b c d e b c d e a:4", 5, 6},
      {"gdsf: small ones before large ones", "gdsf", "a:4 b c b c d e d e a:4 b c", 5, 6},
      {"gdsf: a scan does not wash out what is used", "gdsf", "a b a b p q r s t u a b", 2, 8},
  }));
  DYNAMIC_SECTION(c.name) {
    CHECK(misses(c.words, c.policy, c.capacity) == c.misses);
  }
}

TEST_CASE("simulation: the reference policies equal models that look at everything", "[bench]") {
  const std::string policy = GENERATE("lru", "fifo", "sieve");
  const std::uint64_t capacity = GENERATE(5'000, 60'000, 600'000);
  CAPTURE(policy, capacity);
  const Trace trace = random_trace(capacity, 20'000);
  Model model(policy, capacity);
  for (const TraceEvent& event : trace.events) model.take(event);
  const SimulationResult result = simulate(trace, policy, budget_of_bytes(capacity));
  CHECK(result.all.misses == model.misses);
  CHECK(result.all.missed_bytes == model.missed_bytes);
  CHECK(result.all.requests == trace.requests);
  CHECK(result.all.bytes == trace.requested_bytes);
}

TEST_CASE("simulation: no policy takes more than its capacity or misses less than it must",
          "[bench]") {
  const Trace trace = random_trace(3, 30'000);
  for (const PolicyChoice& choice : policy_choices()) {
    for (const std::uint64_t capacity :
         {std::uint64_t{4'000}, std::uint64_t{400'000}, trace.footprint_bytes}) {
      CAPTURE(choice.name, capacity);
      const SimulationResult result = simulate(trace, choice.name, budget_of_bytes(capacity));
      CHECK(result.most_charged <= capacity);
      CHECK(result.all.misses >= trace.first_requests);
      CHECK(result.stores + result.not_admitted + result.too_large == result.all.misses);
      if (capacity == trace.footprint_bytes) CHECK(result.all.misses == trace.first_requests);
    }
  }
}

TEST_CASE("simulation: larder's policy misses less than the references, more than the future",
          "[bench]") {
  const Trace trace = random_trace(4, 60'000);
  const Budget budget = budget_of_bytes(200'000);
  const auto of = [&](const char* policy) { return simulate(trace, policy, budget).all.misses; };
  CHECK(of("gdsf") < of("gdsf-plain"));
  CHECK(of("gdsf") < of("sieve"));
  CHECK(of("gdsf-plain") < of("lru"));
  CHECK(of("lru") < of("fifo"));
  CHECK(of("belady") < of("gdsf"));
}

TEST_CASE("simulation: two runs are the same", "[bench]") {
  const Trace trace = random_trace(5, 30'000);
  const Budget budget = budget_of_bytes(100'000);
  Mishaps mishaps;
  mishaps.drop_hits = 0.5;
  const SimulationResult one = simulate(trace, "gdsf", budget, mishaps);
  const SimulationResult two = simulate(trace, "gdsf", budget, mishaps);
  CHECK(one.all.misses == two.all.misses);
  CHECK(one.all.missed_bytes == two.all.missed_bytes);
  CHECK(one.evictions == two.evictions);
}

TEST_CASE("simulation: batches, lost hits and a crash cost little", "[bench]") {
  const Trace trace = random_trace(6, 60'000);
  Budget budget = budget_of_bytes(300'000);
  const double usual = simulate(trace, "gdsf", budget).all.miss_ratio();
  Mishaps mishaps;
  SECTION("half of the hits unheard of") {
    mishaps.drop_hits = 0.5;
    const double ratio = simulate(trace, "gdsf", budget, mishaps).all.miss_ratio();
    CHECK(ratio > usual);
    CHECK(ratio < usual + 0.03);
  }
  SECTION("eviction in batches") {
    budget.low_water = 0.9;
    const double ratio = simulate(trace, "gdsf", budget).all.miss_ratio();
    CHECK(ratio > usual);
    CHECK(ratio < usual + 0.03);
  }
  SECTION("a restart half way") {
    mishaps.restart = 0.5;
    const SimulationResult with = simulate(trace, "gdsf", budget, mishaps);
    mishaps.only_measure_restart = true;
    const SimulationResult without = simulate(trace, "gdsf", budget, mishaps);
    CHECK(without.all.miss_ratio() == usual);
    CHECK(with.after_restart.requests == trace.requests / 100);
    CHECK(without.after_restart.requests == trace.requests / 100);
    CHECK(with.later.requests + with.after_restart.requests == trace.requests - trace.requests / 2);
    CHECK(with.all.misses != without.all.misses);
    CHECK(with.later.miss_ratio() < without.later.miss_ratio() + 0.01);
    CHECK(with.after_restart.miss_ratio() < without.after_restart.miss_ratio() + 0.05);
  }
}

TEST_CASE("simulation: larder's store charges pages, and leaves a part of its file free",
          "[bench]") {
  constexpr std::uint64_t kSize = 1u << 30;
  CHECK(store_cost(10, kSize) > 10 + 500);
  CHECK(store_cost(10, kSize) < 2'048);
  CHECK(store_cost(10'000, kSize) >= 3 * 4'096);
  CHECK(store_cost(10'000, kSize) < 4 * 4'096);
  CHECK(store_cost(1'000'000, kSize) < 1'100'000);
  const Budget budget = budget_of_store(kSize);
  CHECK(budget.capacity == kSize / 100 * 80);
  CHECK(budget.largest_body < kSize / 60);
  CHECK(budget.cost(10'000) == store_cost(10'000, kSize));
  CHECK(cache_size_for(budget.capacity) == budget.capacity / 80 * 100);
  const Trace trace = random_trace(7, 20'000);
  const SimulationResult result = simulate(trace, "gdsf", budget_of_store(4u << 20));
  CHECK(result.most_charged <= (4u << 20) / 100 * 80);
  CHECK(result.all.misses > simulate(trace, "gdsf", budget_of_bytes(4u << 20)).all.misses);
}
