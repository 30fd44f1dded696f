// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
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

  /// For the marks to come.
  void set_hold(Seconds hold_s) { hold_ms_ = hold_s * 1000; }

  void mark(const CacheKey& key, MonotonicTime now);
  void unmark(const CacheKey& key);
  bool marked(const CacheKey& key, MonotonicTime now);
  /// As marked(), for a request that will follow the advice.
  Advice advise(const CacheKey& key, MonotonicTime now);
  void clear();
  std::size_t size() const { return marks_.size(); }

 private:
  void forget_old(MonotonicTime now);
  void forget_oldest();

  std::int64_t hold_ms_;
  std::unordered_map<CacheKey, MonotonicTime, KeyHash> marks_;
  std::deque<std::pair<CacheKey, MonotonicTime>> order_;
};

}  // namespace larder
