// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/request_sample.h"

#include <algorithm>

namespace larder {

void RequestSample::set_place(std::string_view api_key, std::string_view environment,
                              std::string_view branch) {
  place.fill('\0');
  std::size_t at = 0;
  const auto append = [&](std::string_view text) {
    const std::size_t size = std::min(text.size(), kMaxPlace - at);
    std::copy_n(text.data(), size, place.data() + at);
    at += size;
  };
  append(api_key);
  append("/");
  append(environment);
  append("/");
  append(branch);
}

}  // namespace larder
