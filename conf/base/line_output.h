// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>

#include "conf/base/fd.h"

namespace larder {

/// Writes whole lines to a file, a pipe, a socket or a terminal. May block as long as its reader or
/// its disk does, so only threads that write logs use it. What the system refuses is lost, and the
/// caller is told how many lines. A line of which only a part was written is ended by a line break
/// before the next one. Any thread; one at a time writes.
class LineOutput {
 public:
  explicit LineOutput(Fd file);
  /// A stream that others own too, like STDERR_FILENO.
  explicit LineOutput(int stream);
  LineOutput(const LineOutput&) = delete;
  LineOutput& operator=(const LineOutput&) = delete;

  /// The process's own, made at the first call and never ended. Where stdout leads to the same file
  /// as stderr, both are one: a torn line of one must not take a line of the other.
  static LineOutput& of_stdout();
  static LineOutput& of_stderr();

  struct Outcome {
    std::uint64_t written = 0;  ///< lines
    std::uint64_t lost = 0;     ///< lines, the one of which a part was written among them
    int error = 0;              ///< errno of the last loss, 0 = none
  };
  /// `lines`: each ends in a line break.
  Outcome write(std::string_view lines);

  /// Goes on with another file.
  void use(Fd next);

 private:
  std::size_t whole_lines_at_once(std::string_view lines) const;
  bool end_torn_line(Outcome& outcome);
  std::size_t write_first_line(std::string_view lines, std::size_t done, Outcome& outcome);
  void look_at_file();

  std::mutex mutex_;
  Fd file_;
  int number_;
  bool torn_ = false;
  bool regular_ = false;
};

}  // namespace larder
