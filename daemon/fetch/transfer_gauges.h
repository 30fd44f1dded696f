// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/watch/metrics.h"
#include "upstream/origin_loop.h"

namespace larder {

/// Shows what both have under way. On the fetch thread.
void show_transfers(OriginMetrics& metrics, const OriginLoop& delivery, const OriginLoop& preview);

}  // namespace larder
