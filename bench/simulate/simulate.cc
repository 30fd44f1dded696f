// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <memory>
#include <thread>

#include "bench/run/command.h"
#include "bench/simulate/simulation_html.h"
#include "bench/simulate/simulation_progress.h"
#include "bench/simulate/simulation_report.h"

namespace larder::bench {
namespace {

struct Options {
  std::vector<std::string> traces;
  std::vector<std::string> sizes = usual_cache_sizes();
  std::vector<std::string> policies{"gdsf", "lru", "belady"};
  std::string charge = "bytes";
  double low_water = 0;
  double drop_hits = 0;
  double restart = 0;
  unsigned threads = 0;
  std::string html;
  bool join = false;
  bool json = false;
  bool time = false;
};

GridPlan plan_of(const Options& options) {
  GridPlan plan;
  for (const std::string& size : options.sizes) plan.sizes.push_back(parse_cache_size(size));
  for (const std::string& name : options.policies) plan.policies.push_back(&policy_choice(name));
  if (options.charge == "store") plan.charge = Budget::Charge::store;
  if (options.low_water > 0) plan.low_water = options.low_water;
  if (options.restart > 0) plan.mishaps.restart = options.restart;
  plan.mishaps.drop_hits = options.drop_hits;
  plan.threads = options.threads > 0 ? options.threads : std::thread::hardware_concurrency();
  return plan;
}

TraceReport simulate(const std::vector<std::string>& paths, const GridPlan& plan) {
  SimulationProgress progress;
  TraceReport report;
  report.plan = plan;
  report.trace = read_trace(paths, [&](double done) { progress.show("reading   ", done); });
  report.too_small = take_out_too_small(report.plan, report.trace.footprint_bytes);
  report.cells = simulate_grid(report.trace, report.plan,
                               [&](double done) { progress.show("simulating", done); });
  report.advice = recommend(report.trace, report.cells);
  std::vector<TraceEvent>().swap(report.trace.events);
  return report;
}

void write_html(const std::string& path, const std::vector<TraceReport>& reports) {
  std::ofstream file(path, std::ios::binary);
  file << reports_html(reports);
  file.close();
  if (!file) throw BenchError("cannot write " + path + "; check its directory and the free space");
}

int run(const Options& options) {
  watch_interrupts();
  const GridPlan plan = plan_of(options);
  std::vector<std::vector<std::string>> inputs;
  if (options.join) {
    inputs.push_back(options.traces);
  } else {
    for (const std::string& path : options.traces) inputs.push_back({path});
  }
  std::vector<TraceReport> reports;
  Json all = Json::array();
  for (const std::vector<std::string>& paths : inputs) {
    reports.push_back(simulate(paths, plan));
    if (options.json) {
      all.push_back(report_json(reports.back()));
    } else {
      std::cout << (reports.size() > 1 ? "\n" : "") << report_text(reports.back(), options.time)
                << std::flush;
    }
  }
  if (options.json) std::cout << Json{{"traces", all}}.dump(2) << '\n';
  if (!options.html.empty()) write_html(options.html, reports);
  return kExitOk;
}

std::string policies_help() {
  std::string text = "Policies to compare:";
  for (const PolicyChoice& choice : policy_choices()) {
    text += std::string("\n  ") + choice.name + ": " + choice.purpose;
  }
  return text;
}

}  // namespace

Action add_simulate(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("TRACE", options->traces,
                 "CSV `time,key,size` (size 0 purges the key), larder's access log, or a log in "
                 "common or combined format; plain, gzip or zstd")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--size", options->sizes, "Cache sizes: 64M, 1G, or 1% of the trace's footprint")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  app.add_option("--policy", options->policies, policies_help())
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  app.add_option(
         "--charge", options->charge,
         "What a size means. bytes: of bodies alone, to compare policies. store: cache.size, "
         "charged as larder's database is")
      ->check(CLI::IsMember({"bytes", "store"}))
      ->capture_default_str();
  app.add_option("--low-water", options->low_water,
                 "When full, evict down to this part of the capacity [1; with --charge store what "
                 "larderd does]")
      ->check(CLI::Range(0.01, 1.0));
  app.add_option("--drop-hits", options->drop_hits,
                 "Part of the hits that the policy does not hear of")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--restart", options->restart,
                 "Crash and restart after this part of the requests: objects stay, of the policy's "
                 "state what larderd saves")
      ->check(CLI::Range(0.0001, 0.9999));
  app.add_option("--threads", options->threads, "[one for each core]")->check(CLI::Range(1u, 256u));
  app.add_option("--html", options->html, "Write a report with curves to this file");
  app.add_flag("--join", options->join, "All traces are one, in this order (rotated logs)");
  app.add_flag("--json", options->json, "Print JSON");
  app.add_flag("--time", options->time, "Also say how long a request took");
  app.footer("Runs the policy of larderd itself. The same input gives the same output.");
  return [options] { return run(*options); };
}

}  // namespace larder::bench
