// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace larder::bench {

/// One line on a terminal that says how far a long run has come; nothing when stderr is none.
class Progress {
 public:
  Progress(std::string what, std::uint64_t all, bool shown);
  ~Progress();  ///< wipes the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Cheap: looks at the clock now and then.
  void note(std::uint64_t done);

 private:
  void draw(std::uint64_t done, std::uint64_t now_ns);

  std::string what_;
  std::uint64_t all_;
  bool shown_;
  std::uint64_t start_ns_;
  std::uint64_t drawn_ns_ = 0;
};

}  // namespace larder::bench
