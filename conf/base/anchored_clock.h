// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "conf/base/clock.h"

namespace larder {

/// Wall time that cannot jump while the daemon runs: read once, then carried on by the monotonic
/// clock. Freshness is judged by it, so that setting the clock back revives nothing and setting it
/// ahead empties nothing. Const after construction, any thread.
class AnchoredClock {
 public:
  AnchoredClock() : wall_(wall_now()), monotonic_(monotonic_now()) {}
  WallTime at(MonotonicTime now) const { return {wall_.ms + (now.ms - monotonic_.ms)}; }
  WallTime now() const { return at(monotonic_now()); }

 private:
  WallTime wall_;
  MonotonicTime monotonic_;
};

}  // namespace larder
