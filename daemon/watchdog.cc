// SPDX-License-Identifier: Apache-2.0
#include "daemon/watchdog.h"

#include <algorithm>
#include <utility>

#include "conf/base/log.h"
#include "daemon/service_notify.h"

namespace larder {
namespace {

/// A round lasts one tick at least, so the watchdog is fed four times in its interval or more
/// often.
constexpr Milliseconds kTicksInInterval = 4;
constexpr Milliseconds kLongestTickMs = 5'000;

std::vector<std::string> names_of(const std::vector<Watchdog::Thread>& threads) {
  std::vector<std::string> names;
  names.reserve(threads.size());
  for (const Watchdog::Thread& thread : threads) names.push_back(thread.name);
  return names;
}

}  // namespace

Watchdog::Watchdog(uv_loop_t* loop, Milliseconds interval_ms, std::vector<Thread> threads)
    : interval_ms_(interval_ms),
      threads_(std::move(threads)),
      rounds_(names_of(threads_), monotonic_now()),
      timer_(make_timer(loop, this)) {
  const auto tick = static_cast<std::uint64_t>(
      std::clamp<Milliseconds>(interval_ms / kTicksInInterval, 1, kLongestTickMs));
  uv_timer_start(timer_.get(), on_tick, tick, tick);
  ask_all();
}

void Watchdog::on_tick(uv_timer_t* timer) noexcept {
  static_cast<Watchdog*>(timer->data)->step(monotonic_now());
}

void Watchdog::step(MonotonicTime now) {
  std::vector<ThreadRounds::Sight> seen;
  seen.reserve(threads_.size());
  for (const Thread& thread : threads_) seen.push_back(thread.look());
  if (!rounds_.look(now, seen)) return tell_late(now);
  told_ = false;
  notify_watchdog();
  ask_all();
}

void Watchdog::ask_all() const {
  for (const Thread& thread : threads_) thread.ask();
}

/// While there is time: who reads the log after the restart knows where to look.
void Watchdog::tell_late(MonotonicTime now) {
  if (told_ || rounds_.lasted_ms(now) < interval_ms_ / 2) return;
  told_ = true;
  std::string names;
  for (const std::string& name : rounds_.late()) {
    if (!names.empty()) names += ", ";
    names += name;
  }
  log(LogLevel::error, "server",
      "no step for " + std::to_string(rounds_.lasted_ms(now)) + " ms of: " + names +
          "; the service manager's watchdog ends larderd after " + std::to_string(interval_ms_) +
          " ms");
}

}  // namespace larder
