// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/access_log_writer.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "conf/base/fd.h"
#include "conf/base/log.h"
#include "conf/base/startup_error.h"
#include "conf/base/thread_role.h"
#include "conf/log_target.h"

namespace larder {
namespace {

constexpr auto kPause = std::chrono::milliseconds(50);
constexpr std::size_t kWriteBytes = 64 * 1024;
constexpr std::size_t kLeastRecords = 16;  ///< of a ring

std::string text_of_errno() {
  return std::error_code(errno, std::generic_category()).message();
}

/// Never waits: of a FIFO it is a reader too, so that the open needs no other one.
Fd open_log(const std::string& path) {
  struct stat status {};
  const bool fifo = ::lstat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
  const int flags = O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  return Fd(::open(path.c_str(), flags | (fifo ? O_RDWR : O_WRONLY), 0640));
}

}  // namespace

AccessLogWriter::AccessLogWriter(const LogConfig& config, std::size_t workers)
    : destination_(config.access_log), format_(config.access_format) {
  const auto target = log_target(destination_);
  if (!target)
    throw StartupError(target.error().context + "; name a file, \"stdout\" or \"stderr\"");
  if (target->kind == LogTarget::Kind::file) {
    Fd file = open_log(destination_);
    if (!file) {
      throw StartupError("cannot open the access log " + destination_ + ": " + text_of_errno() +
                         "; check log.access_log and its directory's owner");
    }
    file_ = std::make_unique<LineOutput>(std::move(file));
  }
  output_ = file_ != nullptr                       ? file_.get()
            : target->kind == LogTarget::Kind::out ? &LineOutput::of_stdout()
                                                   : &LineOutput::of_stderr();
  const std::size_t records = config.buffer_bytes / workers / sizeof(AccessRecord);
  for (std::size_t i = 0; i < workers; ++i) {
    rings_.push_back(std::make_unique<AccessRing>(std::max(records, kLeastRecords)));
  }
}

void AccessLogWriter::open_again() {
  if (file_ == nullptr) return;
  Fd next = open_log(destination_);
  if (next) {
    file_->use(std::move(next));
    log(LogLevel::info, "access_log", destination_ + " is opened again");
  } else {
    log(LogLevel::warning, "access_log",
        "cannot open " + destination_ + " again: " + text_of_errno() +
            "; lines go on to the file that was open");
  }
}

void AccessLogWriter::run() {
  begin_thread("access_log", Urgency::steady);
  std::unique_lock lock(mutex_);
  for (;;) {
    const bool stopping = stage_.load() != Stage::running;
    lock.unlock();
    do {
      if (reopen_.exchange(false)) open_again();  // also while lines come without a pause
    } while (drain());
    lock.lock();
    if (stopping) break;
    if (stage_.load() == Stage::running) changed_.wait_for(lock, kPause);
  }
  if (stage_.load() == Stage::stopping) stage_.store(Stage::ended);
  changed_.notify_all();
}

bool AccessLogWriter::stop(unsigned limit_ms) {
  std::unique_lock lock(mutex_);
  stage_.store(Stage::stopping);
  changed_.notify_all();
  changed_.wait_for(lock, std::chrono::milliseconds(limit_ms),
                    [this] { return stage_.load() == Stage::ended; });
  if (stage_.load() == Stage::ended) return true;
  stage_.store(Stage::given_up);
  return false;
}

/// A round through the rings: false = they were empty, or it is too late for them.
bool AccessLogWriter::drain() {
  std::string lines;
  AccessRecord record;
  bool any = false;
  for (auto& ring : rings_) {
    while (stage_.load() != Stage::given_up && lines.size() < kWriteBytes) {
      being_written_.fetch_add(
          1);  // before it leaves the ring: counted twice rather than not at all
      if (!ring->pop(record)) {
        being_written_.fetch_sub(1);
        break;
      }
      lines += format_ == LogConfig::AccessFormat::json ? format_access_record(record, targets_)
                                                        : combined_access_line(record, targets_);
      any = true;
    }
    if (lines.size() >= kWriteBytes) write(lines);
  }
  write(lines);
  return any;
}

void AccessLogWriter::write(std::string& lines) {
  if (lines.empty()) return;
  health_.begin_write(monotonic_now());
  const auto outcome = output_->write(lines);
  health_.end_write(outcome);
  being_written_.fetch_sub(outcome.written + outcome.lost);
  lines.clear();
}

std::uint64_t AccessLogWriter::lost() const {
  std::uint64_t lost = health_.lost();
  for (const auto& ring : rings_) lost += ring->lost();
  return lost;
}

std::uint64_t AccessLogWriter::waiting() const {
  std::uint64_t waiting = being_written_.load();
  for (const auto& ring : rings_) waiting += ring->waiting();
  return waiting;
}

}  // namespace larder
