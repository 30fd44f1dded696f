// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

namespace larder {

/// One extra try for each ten fills, at most ten in a row: a failing origin is not hit harder.
class RetryBudget {
 public:
  void earn() { left_ = std::min(kMost, left_ + kShare); }
  /// False = there is none left.
  bool spend() {
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  static constexpr double kShare = 0.1;
  static constexpr double kMost = 10;
  double left_ = kMost;
};

}  // namespace larder
