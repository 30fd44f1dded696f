// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "cache/request/reason.h"
#include "cache/scope/key.h"
#include "conf/base/clock.h"
#include "daemon/watch/metrics.h"
#include "daemon/watch/request_id.h"

namespace larder {

/// What became of one request, and why. No credential, no target.
struct Decision {
  WallTime time;
  RequestId id;
  CacheKey key;  ///< all zero = it had none
  std::uint16_t status = 0;
  Outcome outcome = Outcome::refused;
  Reason reason = Reason::none;  ///< of its plan
  const char* detail = "";       ///< static text, as in the access log; "" = none
};

/// The last decisions of one worker, of fixed size: hits in a part of their own, so that they do
/// not push out what is rarer. Its memory is taken at the start. Not thread-safe.
class DecisionRing {
 public:
  /// `most` decisions, a quarter of them hits; 0 = none.
  explicit DecisionRing(std::size_t most = 0);

  void note(const Decision& decision) {
    Part& part = decision.outcome == Outcome::hit ? hits_ : others_;
    if (part.places.empty()) return;
    part.places[part.next] = decision;
    if (++part.next == part.places.size()) part.next = 0;
    ++part.noted;
  }
  bool keeps() const { return !others_.places.empty(); }

  using Wanted = std::function<bool(const Decision&)>;
  /// The latest first, `most` of them.
  std::vector<Decision> find(const Wanted& wanted, std::size_t most) const;
  std::size_t bytes() const;

 private:
  struct Part {
    std::vector<Decision> places;
    std::size_t next = 0;
    std::uint64_t noted = 0;
  };
  static void find_in(const Part& part, const Wanted& wanted, std::vector<Decision>& found);

  Part hits_;
  Part others_;
};

/// Puts the latest first, and drops what is beyond `most`.
void keep_latest(std::vector<Decision>& decisions, std::size_t most);

}  // namespace larder
