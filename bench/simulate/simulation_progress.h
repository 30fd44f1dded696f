// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

namespace larder::bench {

/// A bar on standard error, if that is a terminal and the work takes long. For one thread.
class SimulationProgress {
 public:
  SimulationProgress();
  ~SimulationProgress();  ///< wipes it out
  SimulationProgress(const SimulationProgress&) = delete;
  SimulationProgress& operator=(const SimulationProgress&) = delete;

  /// So much of the work is done, 0 to 1. As often as one likes.
  void show(const std::string& work, double done);

 private:
  using Clock = std::chrono::steady_clock;
  const bool terminal_;
  bool shown_ = false;
  Clock::time_point next_;
};

/// "reading   [#####.....]  52 %"
std::string progress_bar(const std::string& work, double done);

}  // namespace larder::bench
