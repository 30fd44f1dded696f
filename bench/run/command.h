// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

namespace CLI {
class App;
}

/// What the subcommands of larder-bench have in common. Each is a file of its own with one function
/// `add_NAME`, listed in main.cc.
namespace larder::bench {

/// What was asked for cannot be measured; the text is for the operator.
struct BenchError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What was asked for cannot be meant: the value of an option, say.
struct UsageError : BenchError {
  using BenchError::BenchError;
};

/// SIGINT or SIGTERM came.
struct Interrupted : std::exception {};

/// What a subcommand does once its options are read; returns the exit code.
using Action = std::function<int()>;

// Each gives `app` its options.
Action add_herd(CLI::App& app);
Action add_load(CLI::App& app);
Action add_replay(CLI::App& app);
Action add_churn(CLI::App& app);
Action add_peers(CLI::App& app);
Action add_limit_server(CLI::App& app);
Action add_simulate(CLI::App& app);

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;         ///< measured, and something was wrong; or not measurable
constexpr int kExitInterrupted = 130;  ///< wrong usage: larder::kExitUsage

/// From now on SIGINT and SIGTERM make the next check_interrupted() throw, so that children and
/// temporary files are seen to.
void watch_interrupts();
bool interrupted();
void check_interrupted();

}  // namespace larder::bench
