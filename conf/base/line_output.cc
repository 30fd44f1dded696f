// SPDX-License-Identifier: Apache-2.0
#include "conf/base/line_output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string>
#include <utility>

namespace larder {
namespace {

constexpr int kPauseMs = 20;

/// As write(2), but waits where the descriptor does not: somebody who shares it has made it so.
ssize_t write_some(int file, std::string_view text) {
  for (;;) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written > 0) return written;
    if (written == 0) errno = EIO;
    if (written == 0 || (errno != EINTR && errno != EAGAIN)) return -1;
    if (errno != EAGAIN) continue;
    pollfd writable{.fd = file, .events = POLLOUT, .revents = 0};
    ::poll(&writable, 1, kPauseMs);
  }
}

/// An earlier process may have left a part of a line.
bool ends_in_part_of_line(int file, off_t size) {
  if (size == 0) return false;
  const std::string name = "/proc/self/fd/" + std::to_string(file);
  const Fd reader(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  char last = '\n';
  return reader && ::pread(reader.get(), &last, 1, size - 1) == 1 && last != '\n';
}

std::uint64_t count_lines(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

bool is_same_file(int one, int other) {
  struct stat first {};
  struct stat second {};
  return ::fstat(one, &first) == 0 && ::fstat(other, &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

}  // namespace

LineOutput::LineOutput(Fd file) : file_(std::move(file)), number_(file_.get()) {
  look_at_file();
}

LineOutput::LineOutput(int stream) : number_(stream) {
  look_at_file();
}

LineOutput& LineOutput::of_stderr() {
  static auto& output = *new LineOutput(STDERR_FILENO);  // a thread may outlive main()
  return output;
}

LineOutput& LineOutput::of_stdout() {
  static auto& output =
      is_same_file(STDOUT_FILENO, STDERR_FILENO) ? of_stderr() : *new LineOutput(STDOUT_FILENO);
  return output;
}

void LineOutput::look_at_file() {
  struct stat status {};
  regular_ = ::fstat(number_, &status) == 0 && S_ISREG(status.st_mode);
  torn_ = regular_ && ends_in_part_of_line(number_, status.st_size);
}

void LineOutput::use(Fd next) {
  const std::lock_guard lock(mutex_);
  file_ = std::move(next);
  number_ = file_.get();
  look_at_file();
}

/// A pipe takes PIPE_BUF bytes as a whole: its other writers' lines do not come between.
std::size_t LineOutput::whole_lines_at_once(std::string_view lines) const {
  if (regular_ || lines.size() <= PIPE_BUF) return lines.size();
  const std::size_t last = lines.rfind('\n', PIPE_BUF - 1);
  return (last == lines.npos ? lines.find('\n') : last) + 1;
}

/// False = it cannot be ended now.
bool LineOutput::end_torn_line(Outcome& outcome) {
  struct stat status {};
  const bool emptied = regular_ && ::fstat(number_, &status) == 0 && status.st_size == 0;
  if (!emptied && write_some(number_, "\n") < 0) {
    outcome.error = errno;
    return false;
  }
  torn_ = false;
  return true;
}

/// Of the first line `done` bytes are written. The line's length.
std::size_t LineOutput::write_first_line(std::string_view lines, std::size_t done,
                                         Outcome& outcome) {
  const std::size_t length = lines.find('\n') + 1;
  while (done < length) {
    const ssize_t more = write_some(number_, lines.substr(done, length - done));
    if (more < 0) {
      outcome.error = errno;
      ++outcome.lost;
      torn_ = true;
      return length;
    }
    done += static_cast<std::size_t>(more);
  }
  ++outcome.written;
  return length;
}

LineOutput::Outcome LineOutput::write(std::string_view lines) {
  const std::lock_guard lock(mutex_);
  Outcome outcome;
  while (!lines.empty()) {
    const bool begins_anew = !torn_ || end_torn_line(outcome);
    const ssize_t taken =
        begins_anew ? write_some(number_, lines.substr(0, whole_lines_at_once(lines))) : -1;
    if (taken < 0) {
      if (begins_anew) outcome.error = errno;
      ++outcome.lost;
      lines.remove_prefix(lines.find('\n') + 1);
      continue;
    }
    const auto length = static_cast<std::size_t>(taken);
    const std::size_t last = lines.substr(0, length).rfind('\n');
    const std::size_t whole = last == lines.npos ? 0 : last + 1;
    outcome.written += count_lines(lines.substr(0, whole));
    lines.remove_prefix(whole);
    if (length > whole) lines.remove_prefix(write_first_line(lines, length - whole, outcome));
  }
  return outcome;
}

}  // namespace larder
