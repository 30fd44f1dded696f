// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <memory>
#include <optional>

#include "bench/load/load_plan.h"
#include "bench/replay/replay_report.h"
#include "bench/replay/replay_run.h"
#include "bench/run/amounts.h"
#include "bench/run/command.h"
#include "bench/run/own_larderd.h"
#include "bench/run/steady_clock.h"

namespace larder::bench {
namespace {

struct Options {
  std::string trace;
  std::string url;
  std::string control;
  std::string admin_socket;
  std::uint64_t origin_latency_ms = 0;
  double rate = 0;
  unsigned connections = 64;
  std::uint64_t scale = 1;
  std::uint64_t window = 0;
  std::uint64_t first = 0;
  std::optional<std::uint64_t> restart_at;
  std::string restart_by = "TERM";
  int server_pid = 0;
  OwnSetting own;
  bool json = false;
};

double ms_since(std::uint64_t start_ns) {
  return static_cast<double>(steady_ns() - start_ns) / 1e6;
}

/// Notes in `report` how long it took.
std::pair<Endpoint, pid_t> restart(OwnLarderd& own, const Options& options, Json& report) {
  const std::uint64_t begin = steady_ns();
  own.stop(options.restart_by == "KILL" ? SIGKILL : SIGTERM);
  report = {
      {"at", *options.restart_at}, {"signal", options.restart_by}, {"stop_ms", ms_since(begin)}};
  const std::uint64_t stopped = steady_ns();
  own.start();
  report["start_ms"] = ms_since(stopped);
  return {own.server().endpoint, own.server().child.pid()};
}

void name_own_server(const OwnLarderd& own, ReplayPlan& plan) {
  plan.endpoint = own.server().endpoint;
  plan.admin = unix_endpoint(own.server().admin_socket);
  plan.server = own.server().child.pid();
}

void name_server(const Options& options, ReplayPlan& plan) {
  plan.endpoint = parse_url(options.url).endpoint;
  plan.server = options.server_pid;
  if (!options.admin_socket.empty()) {
    plan.admin = unix_endpoint(options.admin_socket);
    return;
  }
  std::cerr << "larder-bench: without --admin-socket purges of the trace are skipped: their keys "
               "keep what the cache has\n";
}

ReplayPlan plan_of(const Options& options, const ReplayTrace& trace) {
  ReplayPlan plan;
  plan.connections = options.connections;
  plan.rate = options.rate;
  plan.scale = options.scale;
  plan.window = options.window;
  plan.shows_progress = !options.json;
  if (!options.restart_at) return plan;
  if (*options.restart_at >= trace.lines.size()) {
    throw UsageError("--restart-at must be a line of the trace, which has " +
                     std::to_string(trace.lines.size()));
  }
  plan.restart_at = *options.restart_at;
  return plan;
}

std::optional<FaultRule> slow_origin(const SandboxControl& control, std::uint64_t latency_ms) {
  if (latency_ms == 0) return std::nullopt;
  const Json rule = {{"match", "/sized/entries/t"}, {"delay_ms", latency_ms}};
  return std::make_optional<FaultRule>(control, rule.dump());
}

int run(const Options& options) {
  watch_interrupts();
  ReplayTrace trace = read_replay_trace(options.trace);
  if (options.first > 0 && options.first < trace.lines.size()) trace.lines.resize(options.first);
  ReplayPlan plan = plan_of(options, trace);
  std::optional<OwnLarderd> own;
  Json restarted;
  if (options.url.empty()) {
    own.emplace(options.own);
    name_own_server(*own, plan);
    plan.restart = [&] { return restart(*own, options, restarted); };
  } else {
    name_server(options, plan);
  }
  if (options.own.load_cpu >= 0) pin_to_cpu(options.own.load_cpu);
  const SandboxControl control(own ? loopback(own->origin().control_port)
                                   : parse_url(options.control).endpoint);
  const auto slowness = slow_origin(control, options.origin_latency_ms);
  const ReplayResult result = run_replay(plan, trace, control);
  Json report = replay_json(result);
  if (plan.window > 0) report["window"] = plan.window;
  if (!restarted.is_null()) report["restart"] = restarted;
  if (options.json) {
    std::cout << report.dump(2) << '\n';
  } else {
    print_replay(report);
  }
  return result.wrong == 0 ? kExitOk : kExitFailed;
}

void add_how(CLI::App& app, Options& options) {
  app.add_option("trace", options.trace,
                 "CSV of time,key,size, plain or gzip; size 0 is a purge of the key")
      ->required();
  app.add_option("--rate", options.rate,
                 "Requests a second, as 5000 or 5k: open loop, latencies from the moment a request "
                 "was due. max: each connection asks when it has its answer")
      ->transform(as_rate())
      ->default_str("max");
  app.add_option("--connections", options.connections, "Keep-alive connections")
      ->check(CLI::Range(1u, 60'000u))
      ->capture_default_str();
  app.add_option("--first", options.first, "Only so many lines of the trace");
  app.add_option("--scale", options.scale, "Multiplies all sizes of the trace")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 20))
      ->capture_default_str();
  app.add_option("--window", options.window, "Report also by windows of so many lines");
  app.add_option("--origin-latency", options.origin_latency_ms,
                 "The sandbox waits so long before each answer, as 5ms")
      ->transform(as_milliseconds());
  app.add_option("--load-cpu", options.own.load_cpu, "CPU that the load generator is tied to")
      ->check(CLI::Range(0, 4'095));
  app.add_flag("--json", options.json, "Print JSON");
}

void add_whom(CLI::App& app, Options& options) {
  auto* const url = app.add_option("--url", options.url,
                                   "Cache to replay against, http://HOST:PORT, with a sandbox "
                                   "behind it. Default: a larderd and a sandbox of its own");
  auto* const control =
      app.add_option("--control", options.control,
                     "With --url: control address of that sandbox, http://HOST:PORT");
  url->needs(control);
  control->needs(url);
  app.add_option("--admin-socket", options.admin_socket,
                 "With --url: admin socket of that larderd, for the purges of the trace")
      ->needs(url);
  app.add_option("--server-pid", options.server_pid,
                 "With --url: process whose CPU time is taken, with its children")
      ->check(CLI::Range(1, 1 << 22))
      ->needs(url);
}

void add_own(CLI::App& app, Options& options) {
  auto* const url = app.get_option("--url");
  app.add_option("--cache-size", options.own.cache_bytes, "[cache] size of the own larderd, as 36M")
      ->transform(as_bytes(1u << 20, std::uint64_t{1} << 40))
      ->capture_default_str()
      ->excludes(url);
  app.add_option("--max-object", options.own.max_object,
                 "[cache] max_object of the own larderd; 0 = its default")
      ->transform(as_bytes(0, std::uint64_t{1} << 30))
      ->capture_default_str()
      ->excludes(url);
  auto* const restart =
      app.add_option("--restart-at", options.restart_at,
                     "Before this line the own larderd is ended and started again")
          ->excludes(url);
  app.add_option("--restart-by", options.restart_by, "How it is ended: TERM or KILL")
      ->check(CLI::IsMember({"TERM", "KILL"}))
      ->capture_default_str()
      ->needs(restart);
  app.add_option("--server-cpu", options.own.server_cpu, "CPU that the own larderd is tied to")
      ->check(CLI::Range(0, 4'095))
      ->excludes(url);
  app.add_option("--larderd", options.own.larderd, "Program; default: beside this one")
      ->excludes(url);
  app.add_option("--sandbox", options.own.sandbox, "larder-sandbox; default: beside this one")
      ->excludes(url);
  app.add_option("--folder", options.own.folder,
                 "Where temporary files go; default: $TMPDIR or /tmp")
      ->excludes(url);
}

}  // namespace

Action add_replay(CLI::App& app) {
  auto options = std::make_shared<Options>();
  add_how(app, *options);
  add_whom(app, *options);
  add_own(app, *options);
  app.footer(
      "Each key is one URL of one scope. The sandbox is told the body size of every key, and told\n"
      "again where the trace changes it, which is a purge as well; a purge keeps its place among\n"
      "the requests for its key. Bodies have at least 2 bytes. A larderd given by --url must know\n"
      "the sandbox's first stack, and keep entries fresh for longer than the replay takes.\n"
      "Exit code 1 when an answer was not 200 or was cut off.");
  return [options] { return run(*options); };
}

}  // namespace larder::bench
