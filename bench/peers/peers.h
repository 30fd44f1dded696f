// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bench/load/load_run.h"
#include "bench/peers/board.h"
#include "bench/peers/contestants.h"

namespace CLI {
class App;
}

/// larderd beside other caches doing the same job. Each part of the comparison is a file,
/// peers_PART.cc, with one function, listed in peers.cc.
namespace larder::bench {

struct PeersOptions {
  std::vector<std::string> only;
  std::vector<std::string> peers{"nginx", "varnish", "haproxy", "limit", "limit-epoll"};
  std::vector<std::uint64_t> sizes{1'024, 10'240, 102'400};
  std::vector<unsigned> connections{1, 64, 512};
  unsigned rounds = 5;
  double seconds = 1;
  unsigned keys = 1'000;
  unsigned misses = 4'000;
  unsigned herd = 200;
  unsigned kept_objects = 5'000;
  unsigned memory_objects = 50'000;
  unsigned idle_connections = 2'000;
  std::vector<std::uint64_t> objects;
  std::uint64_t cache_bytes = std::uint64_t{4} << 30;
  int server_cpu = 0;
  int load_cpu = 1;
  std::string vary_header;  ///< of hits; "" = none
  bool spin = false;
  bool json = false;
  std::string larderd;
  std::string baseline;  ///< another larderd; "" = none
  std::string sandbox;
  std::string nginx = "nginx";
  std::string varnish = "varnishd";
  std::string haproxy = "haproxy";
  std::string folder;

  bool has_peer(const std::string& name) const;
};

/// Gives `app` its options; `parts`: what --only takes.
void add_peers_options(CLI::App& app, PeersOptions& options, const std::vector<std::string>& parts);

/// A server that takes part.
struct Rival {
  std::string name;
  std::function<Contestant(const Stage&)> start;
};

/// What a part needs.
struct Arena {
  const PeersOptions& options;
  const SandboxOrigin& origin;
  std::vector<Rival> caches;  ///< larderd first; without those that are not installed
  std::filesystem::path folder;

  Stage stage_in(const TempDir& ring) const {
    return {ring.path(), origin.delivery_port, options.server_cpu, options.cache_bytes};
  }
  /// With a cache for so many bytes of bodies and not much more: HAProxy takes all of its memory,
  /// and the time for that, when it starts.
  Stage stage_for(std::uint64_t body_bytes, const TempDir& ring) const;
};

/// Runs `one` for each of `count` servers in each round, each round beginning with another one.
void take_turns(unsigned rounds, std::size_t count, const std::function<void(std::size_t)>& one);

/// Requests for `keys` objects whose names begin with `prefix`, each once.
LoadPlan once_each(const Contestant& server, std::uint64_t bytes, unsigned keys,
                   const std::string& prefix);
/// A plan's run; throws BenchError when an answer was wrong.
LoadResult run_checked(const Contestant& server, const LoadPlan& plan);

/// A row as JSON; printed as it comes unless JSON is asked for.
Json finish_row(const Arena& arena, const std::string& heading, const std::vector<Column>& columns,
                const Board& board, Json row);

// Each measures, prints unless JSON is asked for, and returns its rows.
Json compare_hits(const Arena& arena);
Json compare_misses(const Arena& arena);
/// Hits beside fills at a steady rate: what a hit waits for the work of others.
Json compare_mixed(const Arena& arena);
Json compare_herds(const Arena& arena);
Json compare_restarts(const Arena& arena);
Json compare_memory(const Arena& arena);
/// larderd alone: hits on the same hot keys while more and more is stored.
Json compare_objects(const Arena& arena);

}  // namespace larder::bench
