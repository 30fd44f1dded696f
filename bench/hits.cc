// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <iostream>
#include <memory>

#include "bench/command.h"
#include "bench/json.h"
#include "bench/load.h"
#include "bench/load_plan.h"

namespace larder::bench {
namespace {

struct Options {
  std::string url_base;
  std::vector<std::uint64_t> sizes{1'024, 10'240, 102'400};
  std::string path = std::string(kSizedPath);
  std::vector<std::string> headers;
  unsigned connections = 64;
  double seconds = 5;
  unsigned keys = 1'000;
  double exponent = 1.0;
  std::uint64_t seed = 1;
  int server_pid = 0;
  int cpu = -1;
  bool spin = false;
  bool json = false;
};

Json report(std::uint64_t bytes, const LoadResult& result, bool with_cpu) {
  Json out = {{"body_bytes", bytes}};
  out.update(load_json(result));
  if (!with_cpu) {
    for (const char* name : {"cpu_us", "user_us", "system_us"}) out.erase(name);
  }
  return out;
}

void print_head() {
  std::printf("%9s %12s %9s %9s %9s %9s %9s %21s\n", "body", "requests/s", "p50 us", "p90 us",
              "p99 us", "p99.9 us", "max us", "server CPU us (u + s)");
}

void print_row(const Json& row) {
  const auto number = [&](const char* name) { return row.value(name, 0.0); };
  std::printf("%9.0f %12.0f %9.1f %9.1f %9.1f %9.1f %9.1f", number("body_bytes"),
              number("requests_per_s"), number("p50_us"), number("p90_us"), number("p99_us"),
              number("p999_us"), number("max_us"));
  if (row.contains("cpu_us")) {
    std::printf("  %6.2f (%.2f + %.2f)", number("cpu_us"), number("user_us"), number("system_us"));
  }
  std::printf("%s\n", row.value("wrong", 0) > 0 ? "  WRONG ANSWERS" : "");
  std::fflush(stdout);
}

int run(const Options& options) {
  watch_interrupts();
  const HttpTarget base = parse_url(options.url_base);
  if (options.cpu >= 0) pin_to_cpu(options.cpu);
  Json rows = Json::array();
  bool good = true;
  if (!options.json) print_head();
  for (const std::uint64_t size : options.sizes) {
    LoadPlan plan = sized_plan({base.endpoint, options.path, options.headers, size, options.keys,
                                options.exponent, options.seed});
    plan.connections = options.connections;
    plan.seconds = options.seconds;
    plan.server = options.server_pid;
    plan.spin = options.spin;
    warm(plan);
    const LoadResult result = run_load(plan);
    good = good && result.wrong == 0;
    rows.push_back(report(size, result, options.server_pid > 0));
    if (!options.json) print_row(rows.back());
  }
  if (options.json) std::cout << rows.dump(2) << '\n';
  return good ? kExitOk : kExitFailed;
}

}  // namespace

Action add_hits(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("--url-base", options->url_base, "Server under load, http://HOST:PORT")
      ->required();
  app.add_option("--sizes", options->sizes, "Body sizes in bytes, measured one after the other")
      ->delimiter(',')
      ->check(CLI::Range(std::uint64_t{2}, std::uint64_t{64} << 20))
      ->capture_default_str();
  app.add_option("--path", options->path, "What is asked for; {size} and {key} are replaced")
      ->capture_default_str();
  app.add_option(
         "--header", options->headers,
         "'name: value' to send along; may be repeated. Default: the credentials of a sandbox")
      ->allow_extra_args(false);
  app.add_option("--connections", options->connections, "Keep-alive connections, a request on each")
      ->check(CLI::Range(1u, 60'000u))
      ->capture_default_str();
  app.add_option("--seconds", options->seconds, "For each size, after all keys were asked for once")
      ->check(CLI::Range(0.1, 86'400.0))
      ->capture_default_str();
  app.add_option("--keys", options->keys, "Distinct objects of each size")
      ->check(CLI::Range(1u, 10'000'000u))
      ->capture_default_str();
  app.add_option("--zipf", options->exponent, "Exponent of their popularity; 0 = all alike")
      ->check(CLI::Range(0.0, 10.0))
      ->capture_default_str();
  app.add_option("--seed", options->seed, "Of the order in which they are asked for")
      ->capture_default_str();
  app.add_option("--server-pid", options->server_pid,
                 "Process whose CPU time is taken, with its children and all threads")
      ->check(CLI::Range(1, 1 << 22));
  app.add_option("--cpu", options->cpu, "CPU that the load generator is tied to")
      ->check(CLI::Range(0, 4'095));
  app.add_flag("--spin", options->spin,
               "Never sleep, so that the server pays for no wake-up of its client");
  app.add_flag("--json", options->json, "Print JSON");
  app.footer("One thread. Exit code 1 when an answer was not 200, cut off or of another length.");
  return [options] { return run(*options); };
}

}  // namespace larder::bench
