// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/access_log.h"

#include <thread>

#include "conf/base/log.h"

namespace larder {

AccessLog::AccessLog(const LogConfig& config, std::size_t workers)
    : writer_(std::make_shared<AccessLogWriter>(config, workers)) {
  std::thread([writer = writer_] { writer->run(); }).detach();
}

AccessLog::~AccessLog() {
  if (!writer_->stop(kEndMs)) {
    log(LogLevel::warning, "access_log",
        std::to_string(writer_->waiting()) + " last lines are lost: they could not be written");
  }
  report_ = LossReport(report_.told());  // the last word comes at once
  tell_losses(monotonic_now());
}

AccessRing& AccessLog::ring(std::size_t worker) {
  return writer_->ring(worker);
}

void AccessLog::reopen() {
  writer_->reopen();
}

LogStatus AccessLog::status(MonotonicTime now) const {
  return {writer_->lost(), writer_->health().trouble(now)};
}

void AccessLog::tell_losses(MonotonicTime now) {
  const LogStatus at = status(now);
  const auto text =
      report_.note("lines of the access log " + writer_->destination(), at.lost,
                   at.trouble.empty() ? writer_->health().cause() : at.trouble, at.trouble, now);
  if (text) log(LogLevel::warning, "access_log", *text);
}

}  // namespace larder
