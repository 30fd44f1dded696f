// SPDX-License-Identifier: Apache-2.0
#include "bench/load/herd_round.h"
#include "bench/load/histogram.h"
#include "bench/load/load_plan.h"
#include "bench/peers/peers.h"
#include "bench/run/amounts.h"
#include "bench/run/command.h"
#include "bench/run/sandbox_control.h"

namespace larder::bench {
namespace {

const std::vector<Column> kColumns{{"origin_requests", "at the origin", 0},
                                   {"p50_ms", "median ms", 1, true},
                                   {"p99_ms", "p99 ms", 1, true}};

constexpr unsigned kOriginMs = 200;

Json one_herd(const PeersOptions& options, const Contestant& server, std::uint64_t size,
              unsigned run, const SandboxControl& control) {
  const LoadPlan one = once_each(server, size, 1, "herd" + std::to_string(run) + "_");
  HerdPlan plan;
  plan.endpoint = server.endpoint;
  plan.request = one.requests.front();
  plan.clients = options.herd;
  const std::uint64_t before = control.delivery_requests();
  Histogram last_byte;
  for (const HerdClient& client : run_herd(plan)) {
    if (!client.complete || client.status != 200)
      throw BenchError(server.name + " left a client of a herd without its answer");
    last_byte.add(client.last_byte_ns);
  }
  return {{"origin_requests", control.delivery_requests() - before},
          {"p50_ms", static_cast<double>(last_byte.percentile(50)) / 1e6},
          {"p99_ms", static_cast<double>(last_byte.percentile(99)) / 1e6}};
}

}  // namespace

Json compare_herds(const Arena& arena) {
  const PeersOptions& options = arena.options;
  const SandboxControl control(loopback(arena.origin.control_port));
  const FaultRule slow(control, Json{{"match", "_herd"}, {"delay_ms", kOriginMs}}.dump());
  const TempDir ring(arena.folder.string());
  std::vector<Contestant> all;
  for (const Rival& cache : arena.caches) all.push_back(cache.start(arena.stage_in(ring)));
  Json rows = Json::array();
  unsigned run = 0;
  for (const std::uint64_t size : options.sizes) {
    Board board;
    take_turns(options.rounds, all.size(), [&](std::size_t turn) {
      board.add(all[turn].name, one_herd(options, all[turn], size, ++run, control));
    });
    rows.push_back(finish_row(arena,
                              "herd, " + std::to_string(options.herd) + " clients for one cold " +
                                  bytes_text(size) + ", origin " + std::to_string(kOriginMs) +
                                  " ms",
                              kColumns, board, {{"body_bytes", size}, {"clients", options.herd}}));
  }
  return rows;
}

}  // namespace larder::bench
