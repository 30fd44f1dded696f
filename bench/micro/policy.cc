// SPDX-License-Identifier: Apache-2.0
// The eviction policy: what a hit pays, and what the writer pays for a newcomer and its victim.
#include <benchmark/benchmark.h>

#include <vector>

#include "bench/load/zipf.h"
#include "cache/eviction/gdsf.h"

namespace larder::bench {
namespace {

constexpr std::uint64_t hash_of(std::uint64_t key) {
  return (key + 1) * 0x9E3779B97F4A7C15u;
}

/// 1 to 64 KiB.
std::uint32_t cost_of(std::uint64_t key) {
  return 1'024u << (hash_of(key) >> 61) % 7;
}

/// Slot and key are the same number.
void fill(Gdsf& policy, std::uint32_t objects) {
  for (std::uint32_t key = 0; key < objects; ++key) {
    const auto newcomer = policy.on_miss(hash_of(key), cost_of(key), 0);
    policy.on_store(key, hash_of(key), cost_of(key), newcomer.state, key);
  }
}

void policy_hit(benchmark::State& state) {
  const auto objects = static_cast<std::uint32_t>(state.range(0));
  Gdsf policy;
  fill(policy, objects);
  Random random(1);
  std::vector<std::uint32_t> slots(4'096);
  for (auto& slot : slots) slot = static_cast<std::uint32_t>(random.next() % objects);
  std::uint32_t tick = objects;
  for (auto _ : state) {
    policy.on_hit(slots[tick % slots.size()], tick);
    ++tick;
  }
}

/// Each newcomer takes the slot of the one that leaves for it; between them come hits.
void policy_turnover(benchmark::State& state) {
  const auto objects = static_cast<std::uint32_t>(state.range(0));
  Gdsf policy;
  fill(policy, objects);
  std::vector<std::uint64_t> keys(objects);
  for (std::uint32_t slot = 0; slot < objects; ++slot) keys[slot] = slot;
  Random random(1);
  std::uint64_t key = objects;
  std::uint32_t tick = objects;
  for (auto _ : state) {
    ++key;
    policy.on_hit(static_cast<std::uint32_t>(random.next() % objects), ++tick);
    const auto newcomer = policy.on_miss(hash_of(key), cost_of(key), cost_of(key));
    if (!newcomer.admitted) continue;
    const std::uint32_t slot = *policy.victim();
    policy.on_remove(slot, hash_of(keys[slot]));
    policy.on_store(slot, hash_of(key), cost_of(key), newcomer.state, tick);
    keys[slot] = key;
  }
}

BENCHMARK(policy_hit)->Arg(1'000)->Arg(1'000'000);
BENCHMARK(policy_turnover)->Arg(1'000)->Arg(1'000'000);

}  // namespace
}  // namespace larder::bench
