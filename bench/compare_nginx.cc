// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>

#include "bench/command.h"
#include "bench/contestants.h"
#include "bench/json.h"
#include "bench/load_plan.h"

namespace larder::bench {
namespace {

struct Options {
  std::vector<std::uint64_t> sizes{1'024, 10'240, 102'400};
  unsigned connections = 64;
  unsigned rounds = 7;
  double seconds = 2;
  unsigned keys = 1'000;
  int server_cpu = 0;
  int load_cpu = 1;
  bool epoll_limit = false;
  bool cold_limit = false;
  bool json = false;
  std::string folder;
  bool spin = false;
  std::string baseline;  ///< another larderd
  Programs programs{program_beside("larderd"), program_beside("larder-sandbox"), "nginx"};
};

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// Results of one contestant, a round each.
using Rounds = std::vector<Json>;
using Board = std::map<std::string, Rounds>;

std::vector<double> column(const Rounds& rounds, const char* name) {
  std::vector<double> values;
  for (const Json& round : rounds) values.push_back(round.at(name).get<double>());
  return values;
}

/// Rounds lie close together in time, so a round's ratio holds still when the machine does not.
double median_ratio(const Rounds& of, const Rounds& to, const char* name) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(of.size(), to.size()); ++i) {
    const double below = to[i].at(name).get<double>();
    if (below > 0) ratios.push_back(of[i].at(name).get<double>() / below);
  }
  return median(std::move(ratios));
}

std::vector<Contestant> start_all(const Options& options, const Stage& stage, std::uint64_t size) {
  std::vector<Contestant> all;
  all.push_back(start_larderd("larderd", options.programs.larderd, stage));
  if (!options.baseline.empty()) all.push_back(start_larderd("baseline", options.baseline, stage));
  if (!options.programs.nginx.empty()) all.push_back(start_nginx(options.programs.nginx, stage));
  all.push_back(start_limit("limit", "libuv", 1, size, stage));
  if (options.cold_limit) {
    all.push_back(start_limit("limit-cold", "libuv", options.keys, size, stage));
  }
  if (options.epoll_limit) all.push_back(start_limit("limit-epoll", "epoll", 1, size, stage));
  return all;
}

/// Round by round, each time beginning with another one.
Board measure(const Options& options, const std::vector<Contestant>& all, std::uint64_t size) {
  std::vector<LoadPlan> plans;
  for (const Contestant& contestant : all) {
    plans.push_back(
        sized_plan({contestant.endpoint, std::string(kSizedPath), {}, size, options.keys}));
    plans.back().connections = options.connections;
    plans.back().seconds = options.seconds;
    plans.back().server = contestant.child.pid();
    plans.back().spin = options.spin;
    warm(plans.back());
  }
  Board board;
  for (unsigned round = 0; round < options.rounds; ++round) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::size_t turn = (i + round) % all.size();
      const LoadResult result = run_load(plans[turn]);
      if (result.wrong > 0) throw BenchError(all[turn].name + " gave wrong answers under load");
      board[all[turn].name].push_back(load_json(result));
    }
  }
  return board;
}

Json report(std::uint64_t size, const Board& board) {
  Json out = {{"body_bytes", size}};
  for (const auto& [name, rounds] : board) {
    for (const char* field :
         {"cpu_us", "user_us", "system_us", "requests_per_s", "p50_us", "p99_us"}) {
      out["servers"][name][field] = median(column(rounds, field));
    }
  }
  for (const auto& [name, rounds] : board) {
    if (name == "larderd") continue;
    const Rounds& ours = board.at("larderd");
    out["larderd_to"][name] = {{"cpu", median_ratio(ours, rounds, "cpu_us")},
                               {"requests_per_s", median_ratio(ours, rounds, "requests_per_s")},
                               {"p99", median_ratio(ours, rounds, "p99_us")}};
    if (name == "nginx")
      out["nginx_to_limit_cpu"] = median_ratio(rounds, board.at("limit"), "cpu_us");
  }
  return out;
}

void print(const Json& size) {
  std::printf("%s bytes\n", size["body_bytes"].dump().c_str());
  std::printf("  %-12s %12s %20s %12s %9s %9s   %s\n", "", "CPU us/req", "(user + system)",
              "requests/s", "p50 us", "p99 us", "larderd's: CPU, requests/s, p99");
  for (const auto& [name, server] : size["servers"].items()) {
    const auto number = [&, from = &server](const char* field) {
      return from->at(field).get<double>();
    };
    std::printf("  %-12s %12.2f %10.2f + %7.2f %12.0f %9.1f %9.1f", name.c_str(), number("cpu_us"),
                number("user_us"), number("system_us"), number("requests_per_s"), number("p50_us"),
                number("p99_us"));
    if (size["larderd_to"].contains(name)) {
      const Json& ratio = size["larderd_to"][name];
      std::printf("   x %.3f, x %.3f, x %.2f", ratio["cpu"].get<double>(),
                  ratio["requests_per_s"].get<double>(), ratio["p99"].get<double>());
    }
    std::printf("\n");
  }
  std::fflush(stdout);
}

int run(const Options& given) {
  watch_interrupts();
  Options options = given;
  for (const std::string* program :
       {&options.programs.larderd, &options.programs.sandbox, &options.baseline}) {
    if (!program->empty() && find_program(*program).empty())
      throw BenchError("there is no program " + *program);
  }
  options.programs.nginx = find_program(options.programs.nginx);
  if (options.programs.nginx.empty())
    std::cerr << "larder-bench: no nginx here: compared without it\n";
  pin_to_cpu(options.server_cpu);  // refuses one that is not there, as the servers cannot
  pin_to_cpu(options.load_cpu);
  const TempDir folder(options.folder);
  const SandboxOrigin origin = start_sandbox(options.programs.sandbox, folder.path());
  Json out = {{"connections", options.connections}, {"rounds", options.rounds}};
  for (const std::uint64_t size : options.sizes) {
    const TempDir ring(folder.path().string());
    const Stage stage{ring.path(), origin.delivery_port, options.server_cpu};
    const std::vector<Contestant> all = start_all(options, stage, size);
    out["sizes"].push_back(report(size, measure(options, all, size)));
    if (!options.json) print(out["sizes"].back());
  }
  if (options.json) std::cout << out.dump(2) << '\n';
  return kExitOk;
}

}  // namespace

Action add_compare_nginx(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("--sizes", options->sizes, "Body sizes in bytes")
      ->delimiter(',')
      ->check(CLI::Range(std::uint64_t{2}, std::uint64_t{8} << 20))
      ->capture_default_str();
  app.add_option("--connections", options->connections, "Keep-alive connections to each server")
      ->check(CLI::Range(1u, 4'000u))
      ->capture_default_str();
  app.add_option("--rounds", options->rounds, "Turns of each server; medians are taken over them")
      ->check(CLI::Range(1u, 1'000u))
      ->capture_default_str();
  app.add_option("--seconds", options->seconds, "Of each turn")
      ->check(CLI::Range(0.1, 3'600.0))
      ->capture_default_str();
  app.add_option("--keys", options->keys, "Distinct objects, asked for by Zipf's law")
      ->check(CLI::Range(1u, 7'000u))
      ->capture_default_str();
  app.add_option("--server-cpu", options->server_cpu, "CPU that all servers are tied to")
      ->capture_default_str();
  app.add_option("--load-cpu", options->load_cpu, "CPU of the load generator")
      ->capture_default_str();
  app.add_flag("--cold-limit", options->cold_limit,
               "Let a limit with as many answers as there are keys run as well");
  app.add_flag("--epoll-limit", options->epoll_limit, "Let the limit over plain epoll run as well");
  app.add_flag("--spin", options->spin,
               "The load generator never sleeps, so that no server pays for waking it");
  app.add_option("--larderd", options->programs.larderd, "Program; default: beside this one");
  app.add_option("--baseline", options->baseline,
                 "Another larderd that takes turns too, as that of before a change");
  app.add_option("--sandbox", options->programs.sandbox,
                 "larder-sandbox; default: beside this one");
  app.add_option("--nginx", options->programs.nginx, "Program; without it nginx is left out")
      ->capture_default_str();
  app.add_option("--folder", options->folder, "Where temporary files go; default: $TMPDIR or /tmp");
  app.add_flag("--json", options->json, "Print JSON");
  app.footer(
      "Starts a sandbox origin, larderd and nginx with one worker each, and limit-server, all on\n"
      "loopback, the servers on one CPU and the load on another. They take turns; a ratio is the\n"
      "median over the rounds. CPU is that of all threads and processes of a server.");
  return [options] { return run(*options); };
}

}  // namespace larder::bench
