// SPDX-License-Identifier: Apache-2.0
#include "bench/simulate/simulation_progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace larder::bench {
namespace {

constexpr std::chrono::seconds kLong{1};
constexpr std::chrono::milliseconds kPause{100};
constexpr std::size_t kWidth = 40;

}  // namespace

SimulationProgress::SimulationProgress()
    : terminal_(::isatty(STDERR_FILENO) == 1), next_(Clock::now() + kLong) {}

SimulationProgress::~SimulationProgress() {
  if (shown_) std::fputs("\r\x1B[K", stderr);
}

void SimulationProgress::show(const std::string& work, double done) {
  if (!terminal_ || Clock::now() < next_) return;
  next_ = Clock::now() + kPause;
  shown_ = true;
  std::fprintf(stderr, "\r%s\x1B[K", progress_bar(work, done).c_str());
  std::fflush(stderr);
}

std::string progress_bar(const std::string& work, double done) {
  const double part = std::clamp(done, 0.0, 1.0);
  const auto full = static_cast<std::size_t>(part * kWidth);
  std::string percent = std::to_string(static_cast<int>(part * 100));
  percent.insert(0, 3 - percent.size(), ' ');
  return work + " [" + std::string(full, '#') + std::string(kWidth - full, '.') + "] " + percent +
         " %";
}

}  // namespace larder::bench
