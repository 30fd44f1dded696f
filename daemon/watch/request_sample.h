// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "daemon/watch/access_record.h"
#include "daemon/watch/record_ring.h"

namespace larder {

/// One of the requests that are timed, for what is hot. Fixed in size: handing it over allocates
/// nothing. The target may hold a token until it is redacted.
struct RequestSample {
  static constexpr std::size_t kMaxPlace = 120;  ///< parts beyond it are left out

  AccessRecord request;
  std::array<char, kMaxPlace + 1> place{};  ///< `api_key/environment/branch`; "" = of no scope

  void set_place(std::string_view api_key, std::string_view environment, std::string_view branch);
};

using SampleRing = RecordRing<RequestSample>;

}  // namespace larder
