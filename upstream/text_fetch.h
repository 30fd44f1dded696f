// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <string>

#include "conf/base/result.h"
#include "conf/config.h"

namespace larder {

/// The body of a 200 to one GET, of at most `most` bytes, by the way of the origins ([upstream]:
/// TLS, proxy, time-outs). No redirect is followed. Waits on the calling thread, a second longer
/// than `stop` is false at most. The Error's context names the URL.
Result<std::string> fetch_text(const std::string& url, const UpstreamConfig& config, Bytes most,
                               const std::atomic<bool>& stop);

}  // namespace larder
