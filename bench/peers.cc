// SPDX-License-Identifier: Apache-2.0
#include "bench/peers.h"

#include <algorithm>
#include <array>
#include <iostream>
#include <memory>
#include <numeric>

#include "bench/amounts.h"
#include "bench/command.h"
#include "bench/load_plan.h"

namespace larder::bench {
namespace {

struct Part {
  const char* name;
  Json (*compare)(const Arena&);
  bool by_default;
};

constexpr std::array kParts{
    Part{"hits", compare_hits, true},     Part{"misses", compare_misses, true},
    Part{"herd", compare_herds, true},    Part{"restart", compare_restarts, true},
    Part{"memory", compare_memory, true}, Part{"objects", compare_objects, false},
};

std::vector<std::string> part_names() {
  std::vector<std::string> names;
  for (const Part& part : kParts) names.emplace_back(part.name);
  return names;
}

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

void add_what(CLI::App& app, PeersOptions& options) {
  app.add_option("--only", options.only, "Parts, as hits,misses; default: all but objects")
      ->delimiter(',')
      ->check(CLI::IsMember(part_names()));
  app.add_option("--peers", options.peers,
                 "Who takes part beside larderd: nginx, varnish, haproxy; for hits also limit (the "
                 "least a server can cost), limit-cold (it has as many answers as there are keys) "
                 "and limit-epoll (without libuv)")
      ->delimiter(',')
      ->check(CLI::IsMember({"nginx", "varnish", "haproxy", "limit", "limit-cold", "limit-epoll"}))
      ->capture_default_str();
  app.add_option("--sizes", options.sizes, "Body sizes of hits, misses and herds, as 1K,10K,100K")
      ->delimiter(',')
      ->transform(as_bytes(2, std::uint64_t{8} << 20))
      ->capture_default_str();
  app.add_option("--connections", options.connections, "Keep-alive connections of hits")
      ->delimiter(',')
      ->check(CLI::Range(1u, 4'000u))
      ->capture_default_str();
  app.add_option("--rounds", options.rounds, "Turns of each server; medians are taken over them")
      ->check(CLI::Range(1u, 1'000u))
      ->capture_default_str();
  app.add_option("--seconds", options.seconds, "Of each turn of hits")
      ->check(CLI::Range(0.1, 3'600.0))
      ->capture_default_str();
  app.add_flag("--spin", options.spin,
               "The load generator never sleeps, so that no server pays for waking it");
  app.add_flag("--json", options.json, "Print JSON");
}

void add_counts(CLI::App& app, PeersOptions& options) {
  const auto add = [&](const char* name, unsigned& count, unsigned most, const char* text) {
    app.add_option(name, count, text)->check(CLI::Range(1u, most))->capture_default_str();
  };
  add("--keys", options.keys, 100'000, "hits: distinct objects, asked for by Zipf's law");
  add("--misses", options.misses, 1'000'000, "misses: unique keys in each turn");
  add("--herd", options.herd, 900, "herd: clients that ask at once");
  add("--kept", options.kept_objects, 1'000'000, "restart: objects that are stored before");
  add("--memory-objects", options.memory_objects, 10'000'000, "memory: objects");
  add("--idle", options.idle_connections, 4'000, "memory: idle connections");
  app.add_option("--objects", options.objects,
                 "objects: stored beside the hot keys of larderd alone, as 1000,100000,1000000")
      ->delimiter(',')
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{100'000'000}));
  app.add_option("--cache-size", options.cache_bytes, "Of each cache (HAProxy: at most 4095M)")
      ->transform(as_bytes(std::uint64_t{64} << 20, std::uint64_t{1} << 40))
      ->capture_default_str();
}

void add_programs(CLI::App& app, PeersOptions& options) {
  const auto add = [&](const char* name, std::string& program, const char* text) {
    app.add_option(name, program, text)->capture_default_str();
  };
  options.larderd = program_beside("larderd");
  options.sandbox = program_beside("larder-sandbox");
  app.add_option("--larderd", options.larderd, "Program; default: beside this one");
  app.add_option("--sandbox", options.sandbox, "larder-sandbox; default: beside this one");
  app.add_option("--baseline", options.baseline,
                 "Another larderd that takes part too, as that of before a change");
  add("--nginx", options.nginx, "Program");
  add("--varnish", options.varnish, "Program");
  add("--haproxy", options.haproxy, "Program");
  app.add_option("--server-cpu", options.server_cpu, "CPU that all servers are tied to")
      ->check(CLI::Range(0, 4'095))
      ->capture_default_str();
  app.add_option("--load-cpu", options.load_cpu, "CPU of the load generator and the origin")
      ->check(CLI::Range(0, 4'095))
      ->capture_default_str();
  app.add_option("--folder", options.folder, "Where temporary files go; default: $TMPDIR or /tmp");
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
  if (result.wrong > 0) throw BenchError(server.name + " gave wrong answers under load");
  return result;
}

Json finish_row(const Arena& arena, const std::string& heading, const std::vector<Column>& columns,
                const Board& board, Json row) {
  board.report(columns, row);
  if (!arena.options.json) print_board(heading, columns, row);
  return row;
}

Action add_peers(CLI::App& app) {
  auto options = std::make_shared<PeersOptions>();
  add_what(app, *options);
  add_counts(app, *options);
  add_programs(app, *options);
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
