// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace larder::bench {

/// When requests are meant to be sent: at a fixed rate, whatever the server does. A latency that is
/// counted from these moments has in it what a request waited because those before it were slow,
/// as the clients of a site would ("coordinated omission" leaves it out). Rate 0 = no plan: at
/// once.
class Pace {
 public:
  Pace(double per_second, std::uint64_t start_ns) : per_second_(per_second), start_ns_(start_ns) {}

  bool is_open() const { return per_second_ > 0; }
  /// The moment of the next request.
  std::uint64_t next_ns() const {
    return start_ns_ + static_cast<std::uint64_t>(static_cast<double>(taken_) * 1e9 / per_second_);
  }
  bool is_due(std::uint64_t now_ns) const { return !is_open() || next_ns() <= now_ns; }
  /// Takes the next request; from when its latency is counted.
  std::uint64_t take(std::uint64_t now_ns) {
    if (!is_open()) return now_ns;
    const std::uint64_t meant = next_ns();
    ++taken_;
    return meant;
  }

 private:
  double per_second_;
  std::uint64_t start_ns_;
  std::uint64_t taken_ = 0;
};

}  // namespace larder::bench
