// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "conf/base/clock.h"
#include "upstream/origin_error.h"

namespace larder {

/// What the ends of transfers say about one host. Facts only, nothing is decided by them here.
/// Pure.
class HostHealth {
 public:
  struct LastError {
    std::string text;  ///< without credentials, at most kMaxErrorBytes
    MonotonicTime at;
  };
  static constexpr std::size_t kMaxErrorBytes = 300;

  explicit HostHealth(MonotonicTime now) : since_(now) {}

  /// A transfer that ran is over: with `error`, or else with an answer of this status. An answer of
  /// 5xx is a failure. One beyond larder's own bounds says nothing.
  void note_end(const std::optional<OriginError>& error, int status, MonotonicTime now);

  std::uint64_t successes() const { return successes_; }
  std::uint64_t failures() const { return failures_; }
  std::uint64_t consecutive_failures() const { return consecutive_failures_; }
  const std::optional<LastError>& last_error() const { return last_error_; }
  /// When the present run of successes or of failures began; at first the object's beginning.
  MonotonicTime since() const { return since_; }

 private:
  void note_success(MonotonicTime now);
  void note_failure(std::string text, MonotonicTime now);

  std::uint64_t successes_ = 0;
  std::uint64_t failures_ = 0;
  std::uint64_t consecutive_failures_ = 0;
  std::optional<LastError> last_error_;
  MonotonicTime since_;
};

}  // namespace larder
