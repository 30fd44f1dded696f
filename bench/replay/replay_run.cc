// SPDX-License-Identifier: Apache-2.0
#include "bench/replay/replay_run.h"

#include "bench/load/client_loop.h"
#include "bench/load/load_plan.h"
#include "bench/replay/replay_keys.h"
#include "bench/replay/replay_purges.h"
#include "bench/run/progress.h"
#include "bench/run/steady_clock.h"
#include "bench/trace/trace_request.h"

namespace larder::bench {
namespace {

constexpr std::size_t kMostChanges = 64;  // under way at once
constexpr std::size_t kMostHeld = 10'000;
constexpr std::size_t kSizesAtOnce = 20'000;

/// Walks through a trace, and counts what comes back.
class TraceRequests final : public RequestSource {
 public:
  TraceRequests(const ReplayPlan& plan, const ReplayTrace& trace, const SandboxControl& control)
      : plan_(plan),
        trace_(trace),
        control_(control),
        coming_(coming_sizes(trace)),
        origin_bytes_(trace.keys.size()),
        keys_(trace.keys.size()),
        purges_(control.endpoint(), plan.admin),
        progress_("replay", trace.lines.size(), plan.shows_progress),
        tally_(control, plan.window) {
    tail_ = "?environment=production HTTP/1.1\r\nHost: " + plan.endpoint.authority + "\r\n" +
            header_block(sandbox_headers()) + "\r\n";
    for (const std::string& key : trace.keys) uids_.push_back(trace_uid(key));
    tell_first_sizes();
  }

  void run_in(ClientLoop& loop) {
    loop_ = &loop;
    tally_.begin();
    tally_.watch_cpu(plan_.server);
    const std::uint64_t start = steady_ns();
    loop.run(~std::uint64_t{0});
    tally_.result().seconds = static_cast<double>(steady_ns() - start) / 1e9;
    tally_.result().purged = purges_.purged();
    tally_.end();
  }

  Next next(Request& request) override {
    purges_.advance(
        loop_->poll(), [this](std::uint32_t key) { return !keys_.is_asked_for(key); },
        [this](std::uint32_t key) { keys_.end_change(key); });
    if (const auto line = keys_.take_released()) return ask(*line, request);
    while (at_ < trace_.lines.size()) {
      if (at_ == plan_.restart_at && !restarted_ && !restart()) return Next::wait;
      const std::uint64_t line = at_;
      const std::uint32_t key = trace_.lines[line].key;
      if (!take_change(line)) return Next::wait;
      if (trace_.lines[line].bytes > 0 && keys_.held() >= kMostHeld) return Next::wait;
      ++at_;
      progress_.note(at_);
      if (trace_.lines[line].bytes == 0) continue;
      if (!keys_.is_changing(key)) return ask(line, request);
      keys_.hold(key, line);
    }
    return keys_.held() > 0 || purges_.count() > 0 ? Next::wait : Next::end;
  }

  void on_answer(const Answered& answer) override {
    const TraceLine& line = trace_.lines[answer.number];
    keys_.note_answered(line.key);
    tally_.note_answer(answer.number, bytes_of(line.bytes), answer.complete, answer.reader);
    tally_.result().latency_ns.add(answer.latency_ns);
  }

  ReplayResult& result() { return tally_.result(); }

 private:
  std::uint64_t bytes_of(std::uint64_t trace_bytes) const {
    return body_bytes_of(trace_bytes, plan_.scale);
  }

  /// Before the first request the origin knows what each key holds at first.
  void tell_first_sizes() {
    Json sizes = Json::object();
    const auto tell = [&] {
      if (!sizes.empty()) control_.call("POST", "/sizes", sizes.dump());
      sizes = Json::object();
    };
    for (std::size_t line = 0; line < coming_.size(); ++line) {
      const std::uint32_t key = trace_.lines[line].key;
      if (origin_bytes_[key] > 0) continue;
      origin_bytes_[key] = bytes_of(coming_[line]);
      sizes[uids_[key]] = origin_bytes_[key];
      if (sizes.size() == kSizesAtOnce) tell();
    }
    tell();
  }

  /// Begins the change that the line asks for, if it does; false = it must wait.
  bool take_change(std::uint64_t line) {
    const std::uint32_t key = trace_.lines[line].key;
    const bool is_purge = trace_.lines[line].bytes == 0;
    const std::uint64_t bytes = coming_[line] > 0 ? bytes_of(coming_[line]) : origin_bytes_[key];
    const bool changes = bytes != origin_bytes_[key];
    if (!is_purge && !changes) return true;
    if (!keys_.may_change(key) || purges_.count() >= kMostChanges) return false;
    ++(is_purge ? result().purges : result().silent_changes);
    origin_bytes_[key] = bytes;
    keys_.begin_change(key);
    purges_.add({key, uids_[key], changes ? bytes : 0});
    return true;
  }

  Next ask(std::uint64_t line, Request& request) {
    const std::uint32_t key = trace_.lines[line].key;
    tally_.note_asked(line);
    request.number = line;
    request.bytes.assign("GET /v3/content_types/sized/entries/").append(uids_[key]).append(tail_);
    keys_.note_asked(key);
    return Next::request;
  }

  /// When nothing is under way any more; false = not yet.
  bool restart() {
    if (loop_->busy() > 0 || keys_.held() > 0 || purges_.count() > 0) return false;
    restarted_ = true;
    tally_.watch_cpu(0);
    const auto [endpoint, process] = plan_.restart();
    loop_->move_to(endpoint);
    tally_.watch_cpu(process);
    return true;
  }

  const ReplayPlan& plan_;
  const ReplayTrace& trace_;
  const SandboxControl& control_;
  const std::vector<std::uint64_t> coming_;
  std::vector<std::uint64_t> origin_bytes_;  ///< of each key's body at the origin
  std::vector<std::string> uids_;
  std::string tail_;  ///< of a request, behind the uid
  ReplayKeys keys_;
  ReplayPurges purges_;
  Progress progress_;
  ClientLoop* loop_ = nullptr;
  std::uint64_t at_ = 0;  ///< line
  bool restarted_ = false;
  ReplayTally tally_;
};

}  // namespace

ReplayResult run_replay(const ReplayPlan& plan, const ReplayTrace& trace,
                        const SandboxControl& control) {
  TraceRequests requests(plan, trace, control);
  ClientLoop loop({plan.endpoint, plan.connections, plan.rate, false}, requests);
  requests.run_in(loop);
  return requests.result();
}

}  // namespace larder::bench
