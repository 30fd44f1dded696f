// SPDX-License-Identifier: Apache-2.0
#include "conf/base/utc_text.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace larder {

std::string utc_text(WallTime time) {
  const std::time_t seconds = static_cast<std::time_t>(time.ms / 1'000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 80> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                    parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                    parts.tm_min, parts.tm_sec, static_cast<int>(time.ms % 1'000));
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace larder
