// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "conf/base/line_output.h"
#include "conf/base/log_health.h"
#include "conf/config.h"
#include "daemon/watch/access_record.h"
#include "daemon/watch/clean_targets.h"
#include "daemon/watch/record_ring.h"

namespace larder {

/// Records from one worker to the log thread: a lost one is a lost line.
using AccessRing = RecordRing<AccessRecord>;

/// The thread of the access log and what it works on, which outlives the AccessLog where the thread
/// hangs in a write(). run() is the thread; the rest is the main thread's.
class AccessLogWriter {
 public:
  AccessLogWriter(const LogConfig& config, std::size_t workers);

  void run();
  void reopen() { reopen_.store(true); }
  /// False = not all could be written within `limit_ms`.
  bool stop(unsigned limit_ms);

  AccessRing& ring(std::size_t worker) { return *rings_[worker]; }
  const std::string& destination() const { return destination_; }
  const LogHealth& health() const { return health_; }
  std::uint64_t lost() const;
  std::uint64_t waiting() const;

 private:
  enum class Stage { running, stopping, given_up, ended };

  void open_again();
  bool drain();
  void write(std::string& lines);

  const std::string destination_;
  const LogConfig::AccessFormat format_;
  std::unique_ptr<LineOutput> file_;  ///< null where the lines go to a stream
  LineOutput* output_ = nullptr;
  std::vector<std::unique_ptr<AccessRing>> rings_;
  CleanTargets targets_;
  LogHealth health_;
  std::atomic<std::uint64_t> being_written_{0};  ///< lines that are in no ring any more
  std::atomic<bool> reopen_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<Stage> stage_{Stage::running};  ///< changed under mutex_
};

}  // namespace larder
