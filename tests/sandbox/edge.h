// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "tests/sandbox/api.h"

namespace sandbox {

/// The vendor's CDN in front of the delivery host. Without a lag it answers what is published, and
/// makes up an `Age` for some targets, which is never more than the time since the last change of
/// content. With a lag it keeps what it has answered, and answers the same until that long after
/// the first change that came since; each answer then has its true `Age`. Told by `POST /edge`:
///   lag_ms        after a change; default 0. Copies from before this order are dropped: ask for
///                 what is to be answered late between the order and the change
///   cache_buster  parameters that begin with `_` or `larder_`, which the API does not know, make
///   it
///                 another question, whose answer is new; false = they are ignored. Default true
///   tells_age     false = its late answers have no `Age`. Default true
class Edge {
 public:
  void configure(const Json& order);
  /// Something was published, or is not any more.
  void on_change();
  /// The answer of the API, which `make` gives, or a copy.
  ApiAnswer answer(const ApiRequest& request, const std::function<ApiAnswer()>& make);
  /// {"lag_ms", "copies", "late": answers that an older copy gave after a change}
  Json describe() const;

 private:
  using Clock = std::chrono::steady_clock;

  struct Copy {
    ApiAnswer answer;
    Clock::time_point made;
    std::optional<Clock::time_point> purged;  ///< when the first change came
  };
  static constexpr std::size_t kMaxCopies = 50'000;

  std::string question(const ApiRequest& request) const;
  std::optional<long> made_up_age(const ApiRequest& request, int status) const;

  std::chrono::milliseconds lag_{0};
  bool cache_buster_ = true;
  bool tells_age_ = true;
  std::optional<Clock::time_point> changed_;  ///< last
  std::unordered_map<std::string, Copy> copies_;
  std::uint64_t late_ = 0;
};

}  // namespace sandbox
