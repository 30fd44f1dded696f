// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "conf/base/clock.h"
#include "conf/base/log_level.h"

/// The diagnostic log, on stderr. Levels go by who must act:
///   error    the daemon must stop
///   warning  the operator should look
///   info     rare events: start, stop, reload, an origin lost and found; never per request
///   debug    what a component does
/// One line each, through `redact`; control characters are escaped. Any thread. While there is a
/// LogWriter nobody waits for stderr: lines that it does not take are lost and counted. Lines
/// beyond `kLogLinesPerSecond` are dropped and counted, so that no client can fill the disk; errors
/// are always let through.
namespace larder {

constexpr unsigned kLogLinesPerSecond = 100;

/// `component` is the folder or class that speaks ("store", "upstream", "server").
void log(LogLevel level, std::string_view component, std::string_view text);

/// As it is, without time and level: the words with which a program ends. Without a secret.
void log_text(std::string_view text);

/// Info until set. Any thread.
void set_log_level(LogLevel level);
bool log_enabled(LogLevel level);

/// Lines dropped since the start, because they were too many in a second.
std::uint64_t log_lines_dropped();

/// How lines begin: with systemd's priority (`<4>server: ...`; the journal has its own clock), or
/// with the time in UTC and the level (`2024-05-01T12:00:00.000Z warning server: ...`).
enum class LogStyle : std::uint8_t { journal, timestamp };

/// The line as it is written, with its line break. Pure but for the installed redactor.
std::string format_log_line(LogStyle style, LogLevel level, std::string_view component,
                            std::string_view text, WallTime now);

/// The same in the style of this process's stderr.
std::string stderr_line(LogLevel level, std::string_view component, std::string_view text);

/// Counts what may pass in each second of the clock. Any thread.
class RateBound {
 public:
  explicit RateBound(std::uint32_t per_second) : per_second_(per_second) {}

  /// May one more pass at `now`?
  bool admit(MonotonicTime now);
  /// Refused since the last call.
  std::uint64_t take_refused() { return refused_.exchange(0, std::memory_order_relaxed); }

 private:
  const std::uint32_t per_second_;
  std::atomic<std::uint64_t> second_and_count_{0};  ///< second << 32 | admitted in it
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace larder

/// Logs at debug level; the text is only made when somebody reads it.
#define LARDER_LOG_DEBUG(component, text)                            \
  do {                                                               \
    if (::larder::log_enabled(::larder::LogLevel::debug)) {          \
      ::larder::log(::larder::LogLevel::debug, (component), (text)); \
    }                                                                \
  } while (false)
