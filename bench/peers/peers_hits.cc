// SPDX-License-Identifier: Apache-2.0
#include "bench/load/load_plan.h"
#include "bench/peers/peers.h"
#include "bench/run/amounts.h"
#include "bench/run/other_load.h"

namespace larder::bench {
namespace {

/// larderd without the varied header that all others get.
constexpr const char* kPlain = "plain";

const std::vector<Column> kColumns{
    {"cpu_us", "CPU us/hit", 2, true}, {"user_us", "user us", 2},
    {"system_us", "system us", 2},     {"requests_per_s", "hits/s", 0, true},
    {"p50_us", "p50 us", 1},           {"p99_us", "p99 us", 1, true}};

std::vector<Contestant> start_all(const Arena& arena, const Stage& stage, std::uint64_t size) {
  std::vector<Contestant> all;
  for (const Rival& cache : arena.caches) all.push_back(cache.start(stage));
  if (!arena.options.vary_header.empty()) {
    all.push_back(start_larderd({kPlain, arena.options.larderd, 0}, stage));
  }
  if (arena.options.has_peer("limit")) all.push_back(start_limit("limit", "libuv", 1, size, stage));
  if (arena.options.has_peer("limit-cold"))
    all.push_back(start_limit("limit-cold", "libuv", arena.options.keys, size, stage));
  if (arena.options.has_peer("limit-epoll"))
    all.push_back(start_limit("limit-epoll", "epoll", 1, size, stage));
  return all;
}

LoadPlan plan_of(const PeersOptions& options, const Contestant& server, std::uint64_t size) {
  LoadPlan plan = sized_plan({server.endpoint, std::string(kSizedPath), {}, size, options.keys});
  plan.seconds = options.seconds;
  plan.server = server.child.pid();
  plan.spin = options.spin;
  if (server.name != kPlain) plan.vary_header = options.vary_header;
  return plan;
}

}  // namespace

Json compare_hits(const Arena& arena) {
  const PeersOptions& options = arena.options;
  Json rows = Json::array();
  for (const std::uint64_t size : options.sizes) {
    const TempDir ring(arena.folder.string());
    const std::vector<Contestant> all = start_all(arena, arena.stage_in(ring), size);
    std::vector<LoadPlan> plans;
    for (const Contestant& server : all) {
      plans.push_back(plan_of(options, server, size));
      warm(plans.back());
    }
    for (const unsigned connections : options.connections) {
      Board board;
      const OtherLoad others;
      take_turns(options.rounds, all.size(), [&](std::size_t turn) {
        plans[turn].connections = connections;
        board.add(all[turn].name, load_json(run_checked(all[turn], plans[turn])));
      });
      rows.push_back(finish_row(
          arena, "hits, " + bytes_text(size) + ", " + std::to_string(connections) + " connections",
          kColumns, board,
          {{"body_bytes", size}, {"connections", connections}, {"other_cpus", others.cpus()}}));
    }
  }
  return rows;
}

}  // namespace larder::bench
