// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "bench/load/load_plan.h"
#include "bench/peers/peers.h"

namespace larder::bench {
namespace {

const std::vector<Column> kColumns{{"cpu_us", "CPU us/hit", 2},
                                   {"requests_per_s", "hits/s", 0},
                                   {"p50_us", "p50 us", 1},
                                   {"p99_us", "p99 us", 1}};

constexpr std::uint64_t kBytes = 1'024;
constexpr std::uint64_t kRoomForEach = 4'096;
constexpr unsigned kConnections = 64;
constexpr unsigned kAtOnce = 50'000;

/// The hot keys first, then others up to `objects`.
void fill(const Contestant& server, const LoadPlan& hot, std::uint64_t objects) {
  warm(hot);
  for (std::uint64_t stored = hot.requests.size(); stored < objects;) {
    const auto part = static_cast<unsigned>(std::min<std::uint64_t>(kAtOnce, objects - stored));
    run_checked(server, once_each(server, kBytes, part, "cold" + std::to_string(stored) + "_"));
    stored += part;
  }
}

LoadPlan hot_plan(const PeersOptions& options, const Contestant& server) {
  LoadPlan plan = sized_plan({server.endpoint, std::string(kSizedPath), {}, kBytes, options.keys});
  plan.connections = kConnections;
  plan.seconds = options.seconds;
  plan.server = server.child.pid();
  plan.spin = options.spin;
  return plan;
}

}  // namespace

Json compare_objects(const Arena& arena) {
  const PeersOptions& options = arena.options;
  std::vector<std::uint64_t> counts = options.objects;
  if (counts.empty()) counts = {1'000, 100'000};
  std::vector<Contestant> all;
  std::vector<LoadPlan> plans;
  const TempDir ring(arena.folder.string());
  for (const std::uint64_t objects : counts) {
    Stage stage = arena.stage_in(ring);
    stage.cache_bytes = std::max(stage.cache_bytes, objects * kRoomForEach);
    all.push_back(start_larderd({std::to_string(objects), options.larderd, 0}, stage));
    plans.push_back(hot_plan(options, all.back()));
    fill(all.back(), plans.back(), objects);
  }
  Board board;
  take_turns(options.rounds, all.size(), [&](std::size_t turn) {
    board.add(all[turn].name, load_json(run_checked(all[turn], plans[turn])));
  });
  return Json::array(
      {finish_row(arena,
                  "larderd, hits on the same " + std::to_string(options.keys) +
                      " keys of 1 KB beside so many objects",
                  kColumns, board, {{"body_bytes", kBytes}, {"connections", kConnections}})});
}

}  // namespace larder::bench
