// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

namespace larder {

/// Owns one file descriptor, or none (-1). Closes it once.
class Fd {
 public:
  Fd() = default;
  /// Takes what a system call returned; a negative number = none.
  explicit Fd(int number) noexcept : number_(number) {}
  Fd(Fd&& other) noexcept : number_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~Fd() { reset(); }

  int get() const noexcept { return number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }
  /// Gives it away: the caller closes it.
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
  /// Closes it and owns `next` instead. Leaves errno as it is.
  void reset(int next = -1) noexcept;

 private:
  int number_ = -1;
};

}  // namespace larder
