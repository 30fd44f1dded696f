// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "conf/base/clock.h"
#include "conf/base/loss_report.h"
#include "daemon/watch/access_log_writer.h"

namespace larder {

/// The access log: a thread formats and writes, and nobody waits for it. Made, told and ended on
/// the main thread.
class AccessLog {
 public:
  static constexpr unsigned kEndMs = 2'000;

  /// `config.access_log`: see log_target(); a file is opened for append, mode 0640.
  /// `config.buffer_bytes`: for records that wait, of all workers. Throws StartupError.
  AccessLog(const LogConfig& config, std::size_t workers);
  /// Writes what is there, for kEndMs at most. Says what was lost.
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  AccessRing& ring(std::size_t worker);
  /// Follows a rotation. Where the file cannot be opened, the one that is open stays; the log says
  /// what came of it.
  void reopen();
  /// Lines lost since the start: each request is a line written whole, a lost one or one that
  /// waits.
  LogStatus status(MonotonicTime now) const;
  /// Logs a warning where lines were lost, once a minute. To be called every second or so.
  void tell_losses(MonotonicTime now);

 private:
  const std::shared_ptr<AccessLogWriter>
      writer_;  ///< its thread's too, which may hang in a write()
  LossReport report_;
};

}  // namespace larder
