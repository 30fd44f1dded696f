// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>

#include "bench/load/load_plan.h"
#include "bench/load/load_run.h"
#include "bench/load/varied_header.h"
#include "bench/run/amounts.h"
#include "bench/run/command.h"
#include "bench/run/json.h"
#include "bench/run/own_larderd.h"

namespace larder::bench {
namespace {

struct Options {
  std::string url;
  std::vector<std::uint64_t> sizes{1'024, 10'240, 102'400};
  std::vector<unsigned> connections{1, 64, 512};
  double rate = 0;
  std::string path = std::string(kSizedPath);
  std::vector<std::string> headers;
  std::string vary_header;
  double seconds = 5;
  unsigned keys = 1'000;
  double exponent = 1.0;
  std::uint64_t seed = 1;
  int server_pid = 0;
  OwnSetting own;
  bool spin = false;
  bool json = false;
};

struct Target {
  Endpoint endpoint;
  pid_t process = 0;  ///< 0 = unknown: without CPU times
};

Json report(const LoadPlan& plan, const LoadResult& result) {
  Json row = {{"body_bytes", plan.body_bytes}, {"connections", plan.connections}};
  if (plan.rate > 0) row["rate"] = plan.rate;
  row.update(load_json(result));
  if (plan.server == 0) {
    for (const char* name : {"cpu_us", "user_us", "system_us"}) row.erase(name);
  }
  return row;
}

void print_head() {
  std::printf("%9s %7s %11s %9s %9s %9s %9s %9s  %s\n", "body", "connec.", "requests/s", "p50 us",
              "p90 us", "p99 us", "p99.9 us", "max us", "server CPU us (user + system)");
}

void print_row(const Json& row) {
  const auto number = [&](const char* name) { return row.value(name, 0.0); };
  std::printf("%9s %7.0f %11.0f %9.1f %9.1f %9.1f %9.1f %9.1f",
              bytes_text(row.value("body_bytes", std::uint64_t{0})).c_str(), number("connections"),
              number("requests_per_s"), number("p50_us"), number("p90_us"), number("p99_us"),
              number("p999_us"), number("max_us"));
  if (row.contains("cpu_us")) {
    std::printf("  %6.2f (%.2f + %.2f)", number("cpu_us"), number("user_us"), number("system_us"));
  }
  const bool behind = number("rate") > 0 && number("requests_per_s") < 0.98 * number("rate");
  std::printf("%s%s\n", row.value("wrong", 0) > 0 ? "  WRONG ANSWERS" : "",
              behind ? "  BEHIND THE RATE" : "");
  std::fflush(stdout);
}

/// One size, all numbers of connections.
bool measure(const Options& options, const Target& target, std::uint64_t size, Json& rows) {
  LoadPlan plan = sized_plan({target.endpoint, options.path, options.headers, size, options.keys,
                              options.exponent, options.seed});
  plan.rate = options.rate;
  plan.vary_header = options.vary_header;
  plan.seconds = options.seconds;
  plan.server = target.process;
  plan.spin = options.spin;
  warm(plan);
  bool good = true;
  for (const unsigned connections : options.connections) {
    plan.connections = connections;
    const LoadResult result = run_load(plan);
    good = good && result.wrong == 0;
    rows.push_back(report(plan, result));
    if (!options.json) print_row(rows.back());
  }
  return good;
}

int run(const Options& options) {
  watch_interrupts();
  std::optional<OwnLarderd> own;
  Target target;
  if (options.url.empty()) {
    own.emplace(options.own);
    target = {own->server().endpoint, own->server().child.pid()};
  } else {
    target = {parse_url(options.url).endpoint, options.server_pid};
  }
  if (options.own.load_cpu >= 0) pin_to_cpu(options.own.load_cpu);
  Json rows = Json::array();
  bool good = true;
  if (!options.json) print_head();
  for (const std::uint64_t size : options.sizes) {
    good = measure(options, target, size, rows) && good;
  }
  if (options.json) std::cout << rows.dump(2) << '\n';
  return good ? kExitOk : kExitFailed;
}

void add_what(CLI::App& app, Options& options) {
  app.add_option("--sizes", options.sizes, "Body sizes, as 1K,10K,100K: one after the other")
      ->delimiter(',')
      ->transform(as_bytes(2, std::uint64_t{64} << 20))
      ->capture_default_str();
  app.add_option("--connections", options.connections,
                 "Keep-alive connections, as 1,64,512: each size with each of them")
      ->delimiter(',')
      ->check(CLI::Range(1u, 60'000u))
      ->capture_default_str();
  app.add_option("--rate", options.rate,
                 "Requests a second, as 5000 or 5k: open loop, latencies from the moment a request "
                 "was due. Default: closed loop, each connection asks when it has its answer")
      ->transform(as_rate());
  app.add_option("--seconds", options.seconds,
                 "For each row, after all keys of the size were asked for once")
      ->check(CLI::Range(0.1, 86'400.0))
      ->capture_default_str();
  app.add_option("--keys", options.keys, "Distinct objects of each size")
      ->check(CLI::Range(1u, 10'000'000u))
      ->capture_default_str();
  app.add_option("--zipf", options.exponent, "Exponent of their popularity; 0 = all alike")
      ->check(CLI::Range(0.0, 10.0))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Of the order in which they are asked for")
      ->capture_default_str();
}

void add_whom(CLI::App& app, Options& options) {
  CLI::Option* const url = app.add_option(
      "--url", options.url,
      "Server under load, http://HOST:PORT. Default: a larderd with one worker and a sandbox");
  app.add_option("--path", options.path, "What is asked for; {size} and {key} are replaced")
      ->capture_default_str();
  app.add_option("--header", options.headers,
                 "'name: value' to send along; may be repeated. Default: the credentials of a "
                 "sandbox")
      ->allow_extra_args(false);
  app.add_option(
         "--vary-header", options.vary_header,
         "Name of a header to send along with another value in every request, as traceparent")
      ->check(header_name());
  app.add_option("--server-pid", options.server_pid,
                 "With --url: process whose CPU time is taken, with its children and all threads")
      ->check(CLI::Range(1, 1 << 22))
      ->needs(url);
  app.add_option("--larderd", options.own.larderd, "Program; default: beside this one")
      ->excludes(url);
  app.add_option("--sandbox", options.own.sandbox, "larder-sandbox; default: beside this one")
      ->excludes(url);
  app.add_option("--folder", options.own.folder,
                 "Where temporary files go; default: $TMPDIR or /tmp")
      ->excludes(url);
  app.add_option("--server-cpu", options.own.server_cpu, "CPU that the own larderd is tied to")
      ->check(CLI::Range(0, 4'095))
      ->excludes(url);
  app.add_option("--load-cpu", options.own.load_cpu, "CPU that the load generator is tied to")
      ->check(CLI::Range(0, 4'095));
}

}  // namespace

Action add_load(CLI::App& app) {
  auto options = std::make_shared<Options>();
  add_what(app, *options);
  add_whom(app, *options);
  app.add_flag("--spin", options->spin,
               "Never sleep, so that the server pays for no wake-up of its client");
  app.add_flag("--json", options->json, "Print JSON");
  app.footer("One thread. Exit code 1 when an answer was not 200, cut off or of another length.");
  return [options] { return run(*options); };
}

}  // namespace larder::bench
