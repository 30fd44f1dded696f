// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>

#include "cache/scope/key.h"
#include "conf/base/clock.h"
#include "conf/config.h"

namespace larder {

/// Keys whose answers could not be shared lately: requests for them do not queue behind each
/// other. A mark lasts `hold_s`, then one request may find out whether it still holds, while the
/// others go on alone; after as long again without any it is forgotten. At most `kMaxMarks` are
/// kept, the oldest forgotten first. A collision of keys costs a joined fill, nothing more.
class HitForMiss {
 public:
  static constexpr std::size_t kMaxMarks = 16'384;  // about 2 MB
  enum class Advice : std::uint8_t {
    share,  ///< nothing is known of the key
    alone,  ///< its answers are for one client each
    probe,  ///< that was long ago: this one request may try
  };

  explicit HitForMiss(Seconds hold_s) : hold_ms_(hold_s * 1000) {}

  void mark(const CacheKey& key, MonotonicTime now) {
    const auto until = MonotonicTime{now.ms + hold_ms_};
    marks_[std::string(key.view())] = until;
    order_.emplace_back(key.view(), until);
    while (order_.size() > kMaxMarks) forget_oldest();
  }

  void unmark(const CacheKey& key) {
    if (!marks_.empty()) marks_.erase(std::string(key.view()));
  }

  bool marked(const CacheKey& key, MonotonicTime now) {
    if (marks_.empty()) return false;
    forget_old(now);
    const auto found = marks_.find(std::string(key.view()));
    return found != marks_.end() && found->second > now;
  }

  /// As marked(), for a request that will follow the advice.
  Advice advise(const CacheKey& key, MonotonicTime now) {
    if (marked(key, now)) return Advice::alone;
    if (marks_.empty() || !marks_.contains(std::string(key.view()))) return Advice::share;
    mark(key, now);
    return Advice::probe;
  }

  void clear() {
    marks_.clear();
    order_.clear();
  }
  std::size_t size() const { return marks_.size(); }

 private:
  void forget_old(MonotonicTime now) {
    while (!order_.empty() && order_.front().second.ms + hold_ms_ <= now.ms) forget_oldest();
  }
  void forget_oldest() {
    const auto found = marks_.find(order_.front().first);
    if (found != marks_.end() && found->second == order_.front().second) marks_.erase(found);
    order_.pop_front();
  }

  std::int64_t hold_ms_;
  std::unordered_map<std::string, MonotonicTime> marks_;
  std::deque<std::pair<std::string, MonotonicTime>> order_;
};

}  // namespace larder
