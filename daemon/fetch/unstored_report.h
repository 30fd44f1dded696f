// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "cache/http/response.h"
#include "conf/base/clock.h"

namespace larder {

/// What of an origin's own words keeps its answers out of the store or makes them useless there;
/// null = nothing lasting. `arrived_old`: its Age was beyond its max-age. Static text.
const char* lasting_reason(StoreVerdict verdict, bool arrived_old);

/// Notices hosts of which nothing is stored, because the origin forbids it each time. Pure.
class UnstoredReport {
 public:
  static constexpr unsigned kInARow = 10;  ///< so many answers, and none to store among them
  static constexpr std::int64_t kPauseMs = 60'000;
  static constexpr std::size_t kMaxHosts = 64;  ///< beyond it all are forgotten

  /// What became of an answer, with lasting_reason(). Gives a warning, once a minute for each host
  /// and reason.
  std::optional<std::string> note(const std::string& host, StoreVerdict verdict, const char* reason,
                                  MonotonicTime now);

 private:
  struct Host {
    unsigned in_a_row = 0;
    std::map<std::string, MonotonicTime> said;  ///< by reason: there are few
  };
  std::map<std::string, Host> hosts_;
};

}  // namespace larder
