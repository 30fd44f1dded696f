// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cache/request/classify.h"
#include "cache/scope/key.h"
#include "conf/base/clock.h"
#include "conf/base/fd.h"
#include "daemon/watch/metrics.h"

namespace larder {

/// One finished request, fixed in size so that handing it over allocates nothing.
struct AccessRecord {
  static constexpr std::size_t kMaxTarget =
      300;  // longer targets are cut before the value that crosses it, with "target_bytes" telling

  WallTime time;
  std::uint32_t duration_us = 0;
  std::uint16_t status = 0;
  Outcome outcome = Outcome::refused;
  Reason reason = Reason::none;  ///< of its plan
  Method method = Method::other;
  std::uint64_t body_bytes = 0;  ///< sent to the client
  std::array<std::uint8_t, 4> scope{};
  std::array<std::uint8_t, 8> key{};  ///< of the URL hash; zero when the request had no key
  std::uint16_t target_length = 0;    ///< bytes kept
  std::uint16_t target_bytes = 0;     ///< as received
  std::array<char, 46> client{};
  std::array<char, kMaxTarget> target;

  void set_target(std::string_view text);
  void set_client(std::string_view text);
};

/// One JSON line, without any token.
std::string format_access_record(const AccessRecord& record);

/// Records from one worker to the log thread: one writes, one reads, neither waits.
class AccessRing {
 public:
  explicit AccessRing(std::size_t records) : records_(records) {}
  /// False = full: the line is lost, and counted by the caller.
  bool push(const AccessRecord& record);
  bool pop(AccessRecord& record);

 private:
  std::vector<AccessRecord> records_;
  alignas(64) std::atomic<std::uint64_t> head_{0};
  alignas(64) std::atomic<std::uint64_t> tail_{0};
};

/// The thread that formats and writes. `destination`: a file (opened for append, mode 0640), or
/// "stderr". Throws StartupError. reopen() follows a rotation.
class AccessLog {
 public:
  static constexpr std::size_t kRingRecords =
      8'192;  // a burst of 100 ms at 80,000 requests a second

  AccessLog(const std::string& destination, std::size_t workers);
  ~AccessLog();  ///< writes what is there
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  AccessRing& ring(std::size_t worker) { return *rings_[worker]; }
  void reopen() { reopen_.store(true); }

 private:
  void run();
  bool drain();
  void open();
  void flush(std::string& text);
  bool to_stderr() const { return destination_ == "stderr"; }

  std::string destination_;
  Fd file_;  ///< none where the lines go to stderr
  std::vector<std::unique_ptr<AccessRing>> rings_;
  std::atomic<bool> reopen_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;  ///< under mutex_
  std::thread thread_;
};

}  // namespace larder
