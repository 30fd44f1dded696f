// SPDX-License-Identifier: Apache-2.0
#include "conf/base/log_writer.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

#include "conf/base/last_words.h"
#include "conf/base/log.h"
#include "conf/base/thread_role.h"

namespace larder {
namespace {

constexpr int kReportPauseMs = 1'000;

std::atomic<LogLines*> lines_of_process{nullptr};

}  // namespace

LogLines::LogLines(LineOutput& output)
    : output_(output), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void LogLines::wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto woken = ::write(wake_.get(), &one, sizeof one);
}

bool LogLines::push(std::string_view line) {
  {
    const std::lock_guard lock(mutex_);
    if (stage_ > Stage::running || waiting_.size() + being_written_ + line.size() > max_bytes_) {
      health_.add_unbuffered(1);
      return false;
    }
    waiting_ += line;
  }
  wake();
  return true;
}

void LogLines::set_max_bytes(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  max_bytes_ = bytes;
}

LogStatus LogLines::status(MonotonicTime now) const {
  return {health_.lost(), health_.trouble(now)};
}

void LogLines::write(std::string_view lines) {
  health_.begin_write(monotonic_now());
  health_.end_write(output_.write(lines));
}

/// In the log itself, once it can be written. What cannot be said is tried again later.
void LogLines::report() {
  if (health_.lost() == report_.told()) return;
  const LossReport before = report_;
  const auto text =
      report_.note("lines of this log", health_.lost(), health_.cause(), "", monotonic_now());
  if (!text) return;
  const auto outcome = output_.write(stderr_line(LogLevel::warning, "log", *text));
  if (outcome.lost > 0) {
    report_ = before;
  } else {
    health_.end_write(outcome);
  }
}

void LogLines::wait() const {
  pollfd woken{wake_.get(), POLLIN, 0};
  ::poll(&woken, 1, health_.lost() == report_.told() ? -1 : kReportPauseMs);
  std::uint64_t times = 0;
  [[maybe_unused]] const auto taken = ::read(wake_.get(), &times, sizeof times);
}

void LogLines::run() {
  begin_thread("log", Urgency::steady);
  LastWordsSpeaker last_words(wake_.get());
  {
    const std::lock_guard lock(mutex_);
    if (stage_ == Stage::made) stage_ = Stage::running;
  }
  stage_changed_.notify_all();
  for (;;) {
    std::string lines;
    bool last = false;
    {
      const std::lock_guard lock(mutex_);
      lines.swap(waiting_);
      being_written_ = lines.size();
      last = stage_ == Stage::stopping && lines.empty();
    }
    if (!lines.empty()) write(lines);
    last_words.speak(output_);
    if (last) report_ = LossReport(report_.told());  // what it kept for later is said now
    report();
    if (settle(last)) return;
  }
}

/// After a round: true = it was the last one.
bool LogLines::settle(bool last) {
  std::unique_lock lock(mutex_);
  being_written_ = 0;
  if (last) {
    stage_ = Stage::ended;
    stage_changed_.notify_all();
    return true;
  }
  const bool more = !waiting_.empty() || stage_ == Stage::stopping;
  lock.unlock();
  if (!more) wait();
  return false;
}

void LogLines::wait_for_thread() {
  std::unique_lock lock(mutex_);
  stage_changed_.wait(lock, [this] { return stage_ != Stage::made; });
}

bool LogLines::stop(unsigned limit_ms) {
  std::unique_lock lock(mutex_);
  if (stage_ != Stage::ended) stage_ = Stage::stopping;
  wake();
  return stage_changed_.wait_for(lock, std::chrono::milliseconds(limit_ms),
                                 [this] { return stage_ == Stage::ended; });
}

LogWriter::LogWriter() : lines_(std::make_shared<LogLines>(LineOutput::of_stderr())) {
  // On its own: it may hang in a write() when all else has ended.
  std::thread([lines = lines_] { lines->run(); }).detach();
  lines_->wait_for_thread();
  static auto& kept = *new std::shared_ptr<LogLines>;  // some thread may log at the very end
  kept = lines_;
  lines_of_process.store(lines_.get());
}

LogWriter::~LogWriter() {
  const bool ended = lines_->stop(kEndMs);
  // Otherwise log() goes on to lose its lines, for if it wrote them by itself, it would hang.
  if (ended) lines_of_process.store(nullptr);
}

LogLines* lines_of_own_log() {
  return lines_of_process.load();
}

LogStatus own_log_status(MonotonicTime now) {
  LogStatus status;
  if (const LogLines* lines = lines_of_own_log()) status = lines->status(now);
  status.lost += log_lines_dropped();
  return status;
}

}  // namespace larder
