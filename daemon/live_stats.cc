// SPDX-License-Identifier: Apache-2.0
#include "daemon/live_stats.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <thread>
#include <utility>

#include "conf/base/result.h"
#include "daemon/command_line.h"
#include "daemon/stats_figures.h"
#include "daemon/stats_sample.h"
#include "daemon/stats_text.h"
#include "upstream/control_client.h"

namespace larder {
namespace {

using Clock = std::chrono::steady_clock;

struct TimedSample {
  StatsSample sample;
  Clock::time_point at;  ///< when it was taken
};

Result<TimedSample> take_sample(const LiveStats& options) {
  const auto answer = ask_daemon(options.socket, "GET", "/status", options.timeout_s);
  if (!answer) return tl::unexpected(answer.error());
  auto sample = parse_stats_sample(answer->body);
  if (answer->status != 200 || !sample) {
    return fail(Error::Code::unavailable, "no status of a larderd: " + answer->body);
  }
  return TimedSample{std::move(*sample), Clock::now()};
}

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::max(0.001, std::chrono::duration<double>(to - from).count());
}

/// Over what was shown before: each line to its end, and what is below.
void repaint(const std::string& text) {
  std::string out = "\x1b[H";
  for (const char c : text) {
    if (c == '\n') out += "\x1b[K";
    out += c;
  }
  std::cout << out << "\x1b[J" << std::flush;
}

}  // namespace

int show_live_stats(const LiveStats& options) {
  auto before = take_sample(options);
  if (!before) {
    std::cerr << "larderctl: " << before.error().context << '\n';
    return kExitFailure;
  }
  const bool live = options.terminal && !options.json && options.times != 1;
  const unsigned long times = options.times > 0 || live ? options.times : 1;
  std::string shown = live ? "the first figures come in a moment\n" : "";
  if (live) std::cout << "\x1b[2J";
  for (unsigned long done = 0; times == 0 || done < times; ++done) {
    if (live) repaint(shown);
    std::this_thread::sleep_until(before->at +
                                  std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(options.interval_s)));
    auto now = take_sample(options);
    if (!now && !live) {
      std::cerr << "larderctl: " << now.error().context << '\n';
      return kExitFailure;
    }
    if (!now) {
      const double age_s = seconds_between(before->at, Clock::now());
      repaint("NO ANSWER, the figures are " + std::to_string(static_cast<long>(age_s)) +
              " s old: " + now.error().context + "\n\n" + shown);
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
      continue;
    }
    const auto figures = compare(before->sample, now->sample, seconds_between(before->at, now->at));
    shown = options.json ? stats_json(figures, now->sample)
                         : stats_text(figures, now->sample, options.colours);
    if (!live) std::cout << shown << std::flush;
    before = std::move(now);
  }
  if (live) repaint(shown);
  return 0;
}

}  // namespace larder
