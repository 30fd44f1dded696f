// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <deque>
#include <vector>

#include "tests/sandbox/json.h"

namespace sandbox {

/// The sync items of what was published or unpublished since the start, and what goes wrong with
/// them. Told by `POST /sync`, for every branch and environment of its own:
///   lose      so many of the next items never come
///   repeat    each comes so many times more
///   reverse   so many are collected, and then come in the opposite order
///   delay_ms  each comes so much later
class EventLog {
 public:
  void configure(const Json& order);
  void add(Json item);
  /// Lets the items come that are due. True = there were some.
  bool settle();
  const std::vector<Json>& items() const { return items_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Late {
    Clock::time_point due;
    Json item;
  };

  void come(Json item);

  Json order_ = Json::object();
  long lose_ = 0;
  std::vector<Json> collected_;
  std::deque<Late> late_;
  std::vector<Json> items_;
};

}  // namespace sandbox
