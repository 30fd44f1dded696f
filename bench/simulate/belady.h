// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "bench/trace/trace.h"
#include "cache/eviction/eviction.h"

namespace larder::bench {

/// For each event of a trace the number of the event that would hit what this one leaves in the
/// cache, or kNever.
class Future {
 public:
  static constexpr std::uint64_t kNever = 0xFFFFFFFFFF;
  explicit Future(const Trace& trace);
  std::uint64_t next_use(std::uint64_t event) const { return next_[event]; }

 private:
  std::vector<std::uint64_t> next_;
};

/// What could be reached by someone who knew the future (nearly: the exact optimum for objects of
/// different sizes is out of reach). Who leaves is the one whose next use is furthest, weighed by
/// its size; what is never used again, or comes later for its size than those in the cache, is not
/// stored. Within a size class (an eighth of a power of two) the order is exact. `event`: the
/// number of the one at work, kept by the caller.
std::unique_ptr<EvictionPolicy> make_belady(const Future& future, const std::uint64_t& event);

}  // namespace larder::bench
