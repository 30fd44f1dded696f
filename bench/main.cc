// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <CLI/CLI.hpp>

#include <array>
#include <csignal>
#include <iostream>
#include <vector>

#include "bench/run/command.h"
#include "bench/run/run_header.h"
#include "daemon/command_line.h"

namespace {

using namespace larder::bench;

struct Command {
  const char* name;
  const char* purpose;
  Action (*add)(CLI::App&);
};

constexpr std::array kCommands{
    Command{"load", "Hits at given body sizes and connections: rate, latency, server CPU for each",
            add_load},
    Command{"replay", "A trace of requests and purges: hit ratios, offload of the origin, latency",
            add_replay},
    Command{"herd", "Many clients ask for one thing at once: when does each get its answer?",
            add_herd},
    Command{"churn",
            "Many times its size through a store: bounds, use of the file, time of a store",
            add_churn},
    Command{"peers", "larderd beside nginx, Varnish, HAProxy and the least that a server can cost",
            add_peers},
    Command{"limit-server", "That least: answers every request with the same prebuilt bytes",
            add_limit_server},
    Command{"simulate", "How many requests would be answered from a cache of some size?",
            add_simulate},
};

/// A herd needs a descriptor for each client.
void raise_file_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int run(int count, char** words) {
  CLI::App app{"larder-bench: measures larderd, and what it is compared with", "larder-bench"};
  app.set_version_flag("--version", std::string("larder-bench " LARDER_VERSION));
  app.require_subcommand(1);
  std::vector<std::pair<CLI::App*, Action>> actions;
  for (const Command& command : kCommands) {
    CLI::App* const sub = app.add_subcommand(command.name, command.purpose);
    actions.emplace_back(sub, command.add(*sub));
  }
  if (const auto code = larder::parse_command_line(app, count, words)) return *code;
  for (const auto& [sub, action] : actions) {
    if (!sub->parsed()) continue;
    const CLI::Option* const json = sub->get_option_no_throw("--json");
    if (json != nullptr && json->count() == 0) std::cout << run_header(*sub) << std::flush;
    return action();
  }
  return kExitFailed;
}

}  // namespace

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  try {
    return run(count, words);
  } catch (const Interrupted&) {
    return kExitInterrupted;
  } catch (const UsageError& problem) {
    std::cerr << "larder-bench: " << problem.what() << '\n';
    return larder::kExitUsage;
  } catch (const std::exception& problem) {
    std::cerr << "larder-bench: " << problem.what() << '\n';
    return kExitFailed;
  }
}
