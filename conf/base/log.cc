// SPDX-License-Identifier: Apache-2.0
#include "conf/base/log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "conf/base/hex.h"
#include "conf/base/log_writer.h"
#include "conf/base/redact.h"
#include "conf/base/utc_text.h"

namespace larder {
namespace {

constexpr std::size_t kMaxLineBytes = 4'096;  ///< a write() of this much to a pipe is never torn

std::atomic<LogLevel> current_level{LogLevel::info};
std::atomic<std::uint64_t> lines_dropped{0};
RateBound line_bound{kLogLinesPerSecond};

struct LevelName {
  const char* priority;  ///< of syslog, see sd-daemon(3)
  const char* name;
};

LevelName name_of(LogLevel level) {
  switch (level) {
    case LogLevel::error:
      return {"<3>", "error"};
    case LogLevel::warning:
      return {"<4>", "warning"};
    case LogLevel::info:
      return {"<6>", "info"};
    case LogLevel::debug:
      return {"<7>", "debug"};
  }
  return {"<3>", "error"};
}

/// The journal reads stderr when JOURNAL_STREAM names its device and inode; a shell below a
/// service inherits the variable but not the stream.
LogStyle style_of_stderr() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return LogStyle::timestamp;
  const std::string own = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  return own == stream ? LogStyle::journal : LogStyle::timestamp;
}

void append_printable(std::string& line, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) {
      line += c;
    } else {
      line += "\\x";
      append_hex(line, byte);
    }
  }
}

/// `line`: with its line break.
void put(const std::string& line) {
  if (LogLines* lines = lines_of_own_log()) {
    lines->push(line);
  } else {
    LineOutput::of_stderr().write(line);
  }
}

}  // namespace

bool RateBound::admit(MonotonicTime now) {
  const std::uint64_t second = static_cast<std::uint64_t>(now.ms / 1'000) & 0xFFFF'FFFF;
  std::uint64_t seen = second_and_count_.load(std::memory_order_relaxed);
  while (true) {
    const bool same = seen >> 32 == second;
    const std::uint64_t count = same ? seen & 0xFFFF'FFFF : 0;
    if (count >= per_second_) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    if (second_and_count_.compare_exchange_weak(seen, second << 32 | (count + 1),
                                                std::memory_order_relaxed)) {
      return true;
    }
  }
}

std::string format_log_line(LogStyle style, LogLevel level, std::string_view component,
                            std::string_view text, WallTime now) {
  const LevelName name = name_of(level);
  std::string line;
  if (style == LogStyle::journal) {
    line = name.priority;
  } else {
    line = utc_text(now) + " " + name.name + " ";
  }
  append_printable(line, component);
  line += ": ";
  append_printable(line, redact(text));
  if (line.size() >= kMaxLineBytes) {
    line.resize(kMaxLineBytes - 4);
    line += "...";
  }
  line += '\n';
  return line;
}

std::string stderr_line(LogLevel level, std::string_view component, std::string_view text) {
  static const LogStyle style = style_of_stderr();
  return format_log_line(style, level, component, text, wall_now());
}

void log_text(std::string_view text) {
  put(std::string(text) + (text.ends_with('\n') ? "" : "\n"));
}

void log(LogLevel level, std::string_view component, std::string_view text) {
  if (!log_enabled(level)) return;
  if (level != LogLevel::error && !line_bound.admit(monotonic_now())) {
    lines_dropped.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (const std::uint64_t refused = line_bound.take_refused(); refused > 0) {
    put(stderr_line(LogLevel::warning, "log",
                    std::to_string(refused) + " lines dropped: more than " +
                        std::to_string(kLogLinesPerSecond) + " in a second"));
  }
  put(stderr_line(level, component, text));
}

void set_log_level(LogLevel level) {
  current_level.store(level, std::memory_order_relaxed);
}

bool log_enabled(LogLevel level) {
  return level <= current_level.load(std::memory_order_relaxed);
}

std::uint64_t log_lines_dropped() {
  return lines_dropped.load(std::memory_order_relaxed);
}

}  // namespace larder
