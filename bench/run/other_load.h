// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace larder::bench {

/// How busy others than this process and its children keep the machine: figures that were taken
/// meanwhile are not to be trusted. The children must live from begin to end.
class OtherLoad {
 public:
  OtherLoad();
  /// CPUs that others had in use since the beginning, on average.
  double cpus() const;

 private:
  std::uint64_t start_ns_;
  std::uint64_t others_ns_;
};

}  // namespace larder::bench
