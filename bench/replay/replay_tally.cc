// SPDX-License-Identifier: Apache-2.0
#include "bench/replay/replay_tally.h"

namespace larder::bench {
namespace {

OriginCounts operator-(const OriginCounts& later, const OriginCounts& earlier) {
  return {later.requests - earlier.requests, later.body_bytes - earlier.body_bytes};
}

}  // namespace

void ReplayCount::add(const ResponseReader& answer) {
  const std::string_view status = answer.cache_status();
  ++requests;
  bytes += answer.body_bytes();
  if (status.find("; hit") != std::string_view::npos) {
    ++hits;
    hit_bytes += answer.body_bytes();
  }
  if (status.find("collapsed") != std::string_view::npos) ++collapsed;
}

ReplayTally::ReplayTally(const SandboxControl& control, std::uint64_t window)
    : control_(control), window_(window) {}

void ReplayTally::begin() {
  window_start_ = origin_start_ = control_.delivery_counts();
}

void ReplayTally::note_asked(std::uint64_t line) {
  while (window_ > 0 && window_end_ <= line) {
    close_window();
    result_.windows.emplace_back();
    window_end_ += window_;
  }
}

void ReplayTally::note_answer(std::uint64_t line, std::uint64_t body_bytes, bool complete,
                              const ResponseReader& answer) {
  result_.all.add(answer);
  if (window_ > 0) result_.windows[line / window_].add(answer);
  if (answer.cache_status().starts_with("larder")) ++result_.with_status;
  ++result_.statuses[answer.status()];
  const bool good = complete && answer.status() == 200;
  if (!good) ++result_.wrong;
  if (good && answer.body_bytes() != body_bytes) ++result_.stale;
}

void ReplayTally::watch_cpu(pid_t server) {
  if (server_ > 0) {
    const CpuUse use = cpu_use(server_) - cpu_start_;
    result_.cpu.total_ns += use.total_ns;
    result_.cpu.user_ns += use.user_ns;
    result_.cpu.system_ns += use.system_ns;
  }
  server_ = server;
  if (server > 0) cpu_start_ = cpu_use(server);
}

void ReplayTally::close_window() {
  if (result_.windows.empty()) return;
  const OriginCounts now = control_.delivery_counts();
  result_.windows.back().origin = now - window_start_;
  window_start_ = now;
}

void ReplayTally::end() {
  close_window();
  result_.all.origin = control_.delivery_counts() - origin_start_;
  watch_cpu(0);
}

}  // namespace larder::bench
