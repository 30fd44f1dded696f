// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/event_log.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace sandbox {

void EventLog::configure(const Json& order) {
  order_ = order;
  lose_ = order.value("lose", 0L);
  for (Json& item : std::exchange(collected_, {})) come(std::move(item));
}

void EventLog::add(Json item) {
  if (lose_ > 0) {
    --lose_;
    return;
  }
  collected_.push_back(std::move(item));
  if (collected_.size() < order_.value("reverse", std::size_t{1})) return;
  std::reverse(collected_.begin(), collected_.end());
  for (Json& one : std::exchange(collected_, {})) come(std::move(one));
}

void EventLog::come(Json item) {
  const std::chrono::milliseconds delay(order_.value("delay_ms", 0L));
  for (int i = 0; i <= order_.value("repeat", 0); ++i) {
    if (delay.count() == 0 && late_.empty()) {
      items_.push_back(item);
    } else {
      late_.push_back({Clock::now() + delay, item});
    }
  }
}

bool EventLog::settle() {
  bool some = false;
  for (; !late_.empty() && late_.front().due <= Clock::now(); late_.pop_front()) {
    items_.push_back(std::move(late_.front().item));
    some = true;
  }
  return some;
}

}  // namespace sandbox
