// SPDX-License-Identifier: Apache-2.0
#include "daemon/tls/handshake_report.h"

#include <utility>

namespace larder {

std::optional<std::string> HandshakeReport::note(std::string_view client, std::string_view why,
                                                 MonotonicTime now) {
  const std::lock_guard lock(mutex_);
  ++untold_;
  if (said_ && now.ms - said_->ms < kPauseMs) return std::nullopt;
  said_ = now;
  const std::uint64_t others = std::exchange(untold_, 0) - 1;
  std::string text = "the TLS handshake with " + std::string(client) + " failed: ";
  text.append(why);
  if (others > 0) text += " (and " + std::to_string(others) + " others since the last such line)";
  return text;
}

}  // namespace larder
