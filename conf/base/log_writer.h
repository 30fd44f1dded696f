// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "conf/base/fd.h"
#include "conf/base/line_output.h"
#include "conf/base/log_health.h"
#include "conf/base/loss_report.h"

namespace larder {

/// Lines of the diagnostic log on their way to the thread that writes them, so that who logs never
/// waits for a reader or a disk. Any thread.
class LogLines {
 public:
  static constexpr std::size_t kMaxBytes = 1u << 20;  ///< until set_max_bytes()

  explicit LogLines(LineOutput& output);

  /// With its line break. False = there is no room: the line is lost, and counted.
  bool push(std::string_view line);
  void set_max_bytes(std::size_t bytes);
  LogStatus status(MonotonicTime now) const;

  /// The life of the writing thread: until stop(), and then until all is written.
  void run();
  /// Until run() has begun: from then on last words take this way too.
  void wait_for_thread();
  /// No line is taken from here on. False = not all could be written within `limit_ms`.
  bool stop(unsigned limit_ms);

 private:
  enum class Stage { made, running, stopping, ended };

  void write(std::string_view lines);
  void report();
  bool settle(bool last);
  void wait() const;
  void wake() const;

  LineOutput& output_;
  const Fd wake_;
  LogHealth health_;
  LossReport report_;  ///< of the writing thread
  std::mutex mutex_;
  std::condition_variable stage_changed_;
  // Under mutex_:
  Stage stage_ = Stage::made;
  std::size_t max_bytes_ = kMaxBytes;
  std::string waiting_;
  std::size_t being_written_ = 0;  ///< bytes that were taken from `waiting_`
};

/// While there is one, log() hands its lines to a thread. One for each process, made before other
/// threads log.
class LogWriter {
 public:
  static constexpr unsigned kEndMs = 2'000;

  /// Throws std::system_error.
  LogWriter();
  /// What waits is written for at most kEndMs. If that was not enough, lines that come later are
  /// lost.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

 private:
  std::shared_ptr<LogLines> lines_;
};

/// Where log() puts its lines: null = there is no LogWriter. Any thread.
LogLines* lines_of_own_log();

/// With the lines that were dropped because they were too many. Any thread.
LogStatus own_log_status(MonotonicTime now);

}  // namespace larder
