// SPDX-License-Identifier: Apache-2.0
#include "bench/load/load_plan.h"
#include "bench/peers/peers.h"
#include "bench/run/amounts.h"
#include "bench/run/other_load.h"

namespace larder::bench {
namespace {

const std::vector<Column> kColumns{{"cpu_us", "CPU us/miss", 1, true},
                                   {"user_us", "user us", 1},
                                   {"system_us", "system us", 1},
                                   {"requests_per_s", "misses/s", 0, true},
                                   {"p50_us", "p50 us", 0},
                                   {"p99_us", "p99 us", 0, true}};

constexpr unsigned kConnections = 64;
/// Enough for what is stored behind the answers to be committed.
constexpr double kSettleS = 0.3;

}  // namespace

Json compare_misses(const Arena& arena) {
  const PeersOptions& options = arena.options;
  Json rows = Json::array();
  for (const std::uint64_t size : options.sizes) {
    const TempDir ring(arena.folder.string());
    std::vector<Contestant> all;
    for (const Rival& cache : arena.caches) all.push_back(cache.start(arena.stage_in(ring)));
    for (const Contestant& server : all) {
      run_checked(server, once_each(server, size, kConnections, "warm"));
    }
    Board board;
    const OtherLoad others;
    unsigned run = 0;
    take_turns(options.rounds, all.size(), [&](std::size_t turn) {
      LoadPlan plan =
          once_each(all[turn], size, options.misses, "run" + std::to_string(++run) + "_");
      plan.connections = kConnections;
      plan.server = all[turn].child.pid();
      plan.settle_s = kSettleS;
      board.add(all[turn].name, load_json(run_checked(all[turn], plan)));
    });
    rows.push_back(finish_row(
        arena,
        "misses, " + bytes_text(size) + ", " + std::to_string(kConnections) +
            " connections, unique keys",
        kColumns, board,
        {{"body_bytes", size}, {"connections", kConnections}, {"other_cpus", others.cpus()}}));
  }
  return rows;
}

}  // namespace larder::bench
