// SPDX-License-Identifier: Apache-2.0
#include "bench/run/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "bench/run/steady_clock.h"

namespace larder::bench {
namespace {

constexpr std::uint64_t kLooksAtClockEvery = 256;
constexpr std::uint64_t kDrawsEveryNs = 100'000'000;
constexpr std::uint64_t kBarLength = 30;

}  // namespace

Progress::Progress(std::string what, std::uint64_t all, bool shown)
    : what_(std::move(what)),
      all_(std::max<std::uint64_t>(1, all)),
      shown_(shown && ::isatty(STDERR_FILENO) != 0),
      start_ns_(steady_ns()) {}

Progress::~Progress() {
  if (drawn_ns_ > 0) std::fprintf(stderr, "\r\033[K");
}

void Progress::note(std::uint64_t done) {
  if (!shown_ || done % kLooksAtClockEvery != 0) return;
  const std::uint64_t now = steady_ns();
  if (now - drawn_ns_ >= kDrawsEveryNs) draw(done, now);
}

void Progress::draw(std::uint64_t done, std::uint64_t now_ns) {
  drawn_ns_ = now_ns;
  const auto filled = static_cast<std::size_t>(std::min(done, all_) * kBarLength / all_);
  const std::string bar = std::string(filled, '#') + std::string(kBarLength - filled, '.');
  const double seconds = static_cast<double>(now_ns - start_ns_) / 1e9;
  std::fprintf(stderr, "\r%s [%s] %3llu %%  %.0f/s\033[K", what_.c_str(), bar.c_str(),
               static_cast<unsigned long long>(done * 100 / all_),
               seconds > 0 ? static_cast<double>(done) / seconds : 0);
}

}  // namespace larder::bench
