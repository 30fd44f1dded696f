// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/access_log.h"

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "conf/base/hex.h"
#include "conf/base/json_text.h"
#include "conf/base/log.h"
#include "conf/base/redact.h"
#include "conf/base/startup_error.h"
#include "conf/base/thread_role.h"

namespace larder {
namespace {

constexpr auto kPause = std::chrono::milliseconds(50);
constexpr std::size_t kFlushBytes = 64 * 1024;

const char* name_of(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::options:
      return "OPTIONS";
    case Method::other:
      return "-";
  }
  return "-";
}

}  // namespace

void AccessRecord::set_target(std::string_view text) {
  target_bytes = static_cast<std::uint16_t>(std::min<std::size_t>(text.size(), 65'535));
  if (text.size() > kMaxTarget) {
    // A token cut in half is none any more to the redactor: the last value goes as a whole.
    const auto end = text.substr(0, kMaxTarget).find_last_of("=&?/");
    text = text.substr(0, end == std::string_view::npos ? 0 : end + 1);
  }
  target_length = static_cast<std::uint16_t>(text.size());
  std::copy_n(text.data(), target_length, target.data());
}

void AccessRecord::set_client(std::string_view text) {
  client.fill('\0');
  std::copy_n(text.data(), std::min(text.size(), client.size() - 1), client.data());
}

std::string format_access_record(const AccessRecord& record) {
  std::string line = "{\"time\":";
  line += std::to_string(record.time.ms / 1000) + "." +
          std::to_string(1000 + record.time.ms % 1000).substr(1);
  line += ",\"client\":";
  append_json_string(line, record.client.data());
  line += ",\"method\":\"";
  line += name_of(record.method);
  line += "\",\"target\":";
  append_json_string(line, redact({record.target.data(), record.target_length}));
  if (record.target_bytes > record.target_length)
    line += ",\"target_bytes\":" + std::to_string(record.target_bytes);
  line += ",\"status\":" + std::to_string(record.status);
  line += ",\"outcome\":\"" + std::string(name_of(record.outcome));
  line += "\",\"reason\":\"" + std::string(name_of(record.reason));
  line += "\",\"size\":" + std::to_string(record.body_bytes);
  line += ",\"duration_us\":" + std::to_string(record.duration_us);
  line +=
      ",\"scope\":\"" + hex_text(record.scope) + "\",\"key\":\"" + hex_text(record.key) + "\"}\n";
  return line;
}

bool AccessRing::push(const AccessRecord& record) {
  const auto head = head_.load(std::memory_order_relaxed);
  if (head - tail_.load(std::memory_order_acquire) == records_.size()) return false;
  records_[head % records_.size()] = record;
  head_.store(head + 1, std::memory_order_release);
  return true;
}

bool AccessRing::pop(AccessRecord& record) {
  const auto tail = tail_.load(std::memory_order_relaxed);
  if (tail == head_.load(std::memory_order_acquire)) return false;
  record = records_[tail % records_.size()];
  tail_.store(tail + 1, std::memory_order_release);
  return true;
}

AccessLog::AccessLog(const std::string& destination, std::size_t workers)
    : destination_(destination) {
  open();
  if (!to_stderr() && !file_) {
    throw StartupError("cannot open the access log " + destination_ + ": " + std::strerror(errno) +
                       "; check log.access_log and its directory's owner");
  }
  for (std::size_t i = 0; i < workers; ++i)
    rings_.push_back(std::make_unique<AccessRing>(kRingRecords));
  thread_ = std::thread([this] { run(); });
}

AccessLog::~AccessLog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void AccessLog::open() {
  if (to_stderr()) return;
  file_.reset();
  file_.reset(
      ::open(destination_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
}

void AccessLog::run() {
  begin_thread("log", Urgency::steady);
  std::unique_lock lock(mutex_);
  for (;;) {
    const bool stopping = stop_;
    lock.unlock();
    if (reopen_.exchange(false)) open();
    while (drain()) {
    }
    lock.lock();
    if (stopping) return;
    if (!stop_) wake_.wait_for(lock, kPause);
  }
}

bool AccessLog::drain() {
  std::string text;
  AccessRecord record;
  bool any = false;
  for (auto& ring : rings_) {
    while (text.size() < kFlushBytes && ring->pop(record)) {
      text += format_access_record(record);
      any = true;
    }
    if (text.size() >= kFlushBytes) flush(text);
  }
  flush(text);
  return any;
}

void AccessLog::flush(std::string& text) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto written =
        ::write(to_stderr() ? STDERR_FILENO : file_.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      log(LogLevel::warning, "access_log",
          "cannot write " + destination_ + ": " + std::strerror(errno) + "; lines are lost");
      break;
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  text.clear();
}

}  // namespace larder
