// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/peers.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <memory>
#include <numeric>

#include "bench/load/load_plan.h"
#include "bench/run/command.h"

namespace larder::bench {
namespace {

struct Part {
  const char* name;
  Json (*compare)(const Arena&);
  bool by_default;
};

constexpr std::array kParts{
    Part{"hits", compare_hits, true},        Part{"misses", compare_misses, true},
    Part{"mixed", compare_mixed, true},      Part{"herd", compare_herds, true},
    Part{"restart", compare_restarts, true}, Part{"memory", compare_memory, true},
    Part{"objects", compare_objects, false},
};

std::vector<std::string> part_names() {
  std::vector<std::string> names;
  for (const Part& part : kParts) names.emplace_back(part.name);
  return names;
}

/// CPUs in use by programs that do not belong here, above which figures are worth little.
constexpr double kOthersMayUse = 0.1;

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// A peer that was asked for; one that is not installed is left out with a word.
void add_peer(const PeersOptions& options, const std::string& name, const std::string& program,
              Contestant (*start)(const std::string&, const Stage&), std::vector<Rival>& caches) {
  if (!options.has_peer(name)) return;
  const std::string found = find_program(program);
  if (found.empty()) {
    std::cerr << "larder-bench: no " << program << " here: compared without it (on Debian: apt "
              << "install " << (name == "nginx" ? "nginx-light" : name) << ")\n";
    return;
  }
  caches.push_back({name, [found, start](const Stage& stage) { return start(found, stage); }});
}

std::vector<Rival> line_up(const PeersOptions& options) {
  std::vector<Rival> caches;
  const auto add_larderd = [&](const std::string& name, const std::string& program) {
    caches.push_back({name, [=](const Stage& stage) {
                        return start_larderd({name, program, 0}, stage);
                      }});
  };
  add_larderd("larderd", options.larderd);
  if (!options.baseline.empty()) add_larderd("baseline", options.baseline);
  add_peer(options, "nginx", options.nginx, start_nginx, caches);
  add_peer(options, "varnish", options.varnish, start_varnish, caches);
  add_peer(options, "haproxy", options.haproxy, start_haproxy, caches);
  return caches;
}

bool takes_part(const PeersOptions& options, const Part& part) {
  if (!options.only.empty()) return contains(options.only, part.name);
  return part.by_default || (part.compare == compare_objects && !options.objects.empty());
}

int run(const PeersOptions& options) {
  watch_interrupts();
  require_program(options.larderd);
  require_program(options.sandbox);
  if (!options.baseline.empty()) require_program(options.baseline);
  pin_to_cpu(options.server_cpu);  // refuses one that is not there, as the servers cannot
  pin_to_cpu(options.load_cpu);
  const TempDir folder(options.folder);
  const SandboxOrigin origin = start_sandbox(options.sandbox, folder.path(), options.load_cpu);
  const Arena arena{options, origin, line_up(options), folder.path()};
  Json out = {{"rounds", options.rounds}};
  for (const Part& part : kParts) {
    if (takes_part(options, part)) out[part.name] = part.compare(arena);
  }
  if (options.json) std::cout << out.dump(2) << '\n';
  return kExitOk;
}

}  // namespace

bool PeersOptions::has_peer(const std::string& name) const {
  return contains(peers, name);
}

Stage Arena::stage_for(std::uint64_t body_bytes, const TempDir& ring) const {
  constexpr std::uint64_t least = std::uint64_t{64} << 20;
  Stage stage = stage_in(ring);
  stage.cache_bytes = std::max(least, body_bytes * 4);
  return stage;
}

void take_turns(unsigned rounds, std::size_t count, const std::function<void(std::size_t)>& one) {
  for (unsigned round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < count; ++i) {
      check_interrupted();
      one((i + round) % count);
    }
  }
}

LoadPlan once_each(const Contestant& server, std::uint64_t bytes, unsigned keys,
                   const std::string& prefix) {
  std::string path(kSizedPath);
  path = replace_all(path, "{key}", prefix + "{key}");
  LoadPlan plan = sized_plan({server.endpoint, path, {}, bytes, keys});
  plan.order.resize(keys);
  std::iota(plan.order.begin(), plan.order.end(), 0u);
  plan.seconds = 0;
  return plan;
}

LoadResult run_checked(const Contestant& server, const LoadPlan& plan) {
  LoadResult result = run_load(plan);
  check_right(result, plan, server.name);
  return result;
}

Json finish_row(const Arena& arena, const std::string& heading, const std::vector<Column>& columns,
                const Board& board, Json row) {
  board.report(columns, row);
  if (!arena.options.json) print_board(heading, columns, row);
  if (row.value("other_cpus", 0.0) > kOthersMayUse) {
    std::fprintf(stderr,
                 "larder-bench: meanwhile other programs kept %.2f CPUs busy: measure again\n",
                 row["other_cpus"].get<double>());
  }
  return row;
}

Action add_peers(CLI::App& app) {
  auto options = std::make_shared<PeersOptions>();
  add_peers_options(app, *options, part_names());
  app.footer(
      "Starts a sandbox origin and each server with one worker, on loopback, the servers on one\n"
      "CPU and load and origin on another. They take turns; a figure is the median over the\n"
      "rounds, a ratio is larderd's figure divided by that of the server in whose line it stands,\n"
      "the median over the rounds. CPU is user and system time of all threads and processes of a\n"
      "server. nginx and larderd keep objects on disk, Varnish and HAProxy in memory; HAProxy\n"
      "takes all of it when it starts, so that an object more shows in no figure.");
  return [options] { return run(*options); };
}

}  // namespace larder::bench
