// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <iterator>
#include <random>

#include "bench/load/load_plan.h"
#include "bench/peers/peers.h"
#include "bench/run/amounts.h"
#include "bench/run/other_load.h"

namespace larder::bench {
namespace {

const std::vector<Column> kColumns{{"p50_us", "hit p50 us", 0, true},
                                   {"p99_us", "hit p99 us", 0, true},
                                   {"p999_us", "hit p99.9 us", 0, true},
                                   {"requests_per_s", "requests/s", 0},
                                   {"cpu_us", "CPU us/request", 1, true}};

constexpr unsigned kConnections = 256;

/// So many requests a second, and how many of a hundred are for keys that nobody has asked for.
struct Mixture {
  double rate;
  unsigned fills;
};
constexpr std::array kMixtures{Mixture{10'000, 5}, Mixture{6'000, 40}};

/// The hot keys of `hits`, with requests for unique keys strewn in; latencies are those of the hot.
LoadPlan mixed_plan(const Arena& arena, const Contestant& server, std::uint64_t size,
                    const Mixture& mixture, unsigned run) {
  const auto count = static_cast<std::size_t>(mixture.rate * arena.options.seconds);
  std::mt19937 random(run);
  std::bernoulli_distribution is_fill(mixture.fills / 100.0);
  LoadPlan plan =
      sized_plan({server.endpoint, std::string(kSizedPath), {}, size, arena.options.keys});
  const std::vector<std::uint32_t> hot = std::move(plan.order);
  plan.timed_keys = arena.options.keys;
  plan.order.clear();
  std::uint32_t unique = arena.options.keys;
  for (std::size_t i = 0; i < count; ++i) {
    plan.order.push_back(is_fill(random) ? unique++ : hot[i % hot.size()]);
  }
  LoadPlan fills =
      once_each(server, size, unique - arena.options.keys, "mixed" + std::to_string(run) + "_");
  std::move(fills.requests.begin(), fills.requests.end(), std::back_inserter(plan.requests));
  plan.seconds = 0;
  plan.rate = mixture.rate;
  plan.spin = arena.options.spin;
  plan.connections = kConnections;
  plan.server = server.child.pid();
  return plan;
}

std::string heading_of(const Mixture& mixture, std::uint64_t size) {
  return std::to_string(100 - mixture.fills) + " % hits and " + std::to_string(mixture.fills) +
         " % unique fills, " + bytes_text(size) + ", " +
         std::to_string(static_cast<unsigned>(mixture.rate)) + " requests a second";
}

}  // namespace

Json compare_mixed(const Arena& arena) {
  const PeersOptions& options = arena.options;
  Json rows = Json::array();
  unsigned run = 0;
  for (const std::uint64_t size : options.sizes) {
    const TempDir ring(arena.folder.string());
    std::vector<Contestant> all;
    for (const Rival& cache : arena.caches) all.push_back(cache.start(arena.stage_in(ring)));
    for (const Contestant& server : all) {
      warm(sized_plan({server.endpoint, std::string(kSizedPath), {}, size, options.keys}));
    }
    for (const Mixture& mixture : kMixtures) {
      Board board;
      const OtherLoad others;
      take_turns(options.rounds, all.size(), [&](std::size_t turn) {
        const LoadPlan plan = mixed_plan(arena, all[turn], size, mixture, ++run);
        board.add(all[turn].name, load_json(run_checked(all[turn], plan)));
      });
      rows.push_back(finish_row(arena, heading_of(mixture, size), kColumns, board,
                                {{"body_bytes", size},
                                 {"connections", kConnections},
                                 {"rate", mixture.rate},
                                 {"fills_percent", mixture.fills},
                                 {"other_cpus", others.cpus()}}));
    }
  }
  return rows;
}

}  // namespace larder::bench
