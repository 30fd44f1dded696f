// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/fetch/fence.h"
#include "daemon/fetch/fill_table.h"
#include "daemon/fetch/rejected_credentials.h"
#include "daemon/fetch/unshared_keys.h"
#include "daemon/orders/orders.h"
#include "upstream/origin_loop.h"

namespace larder {

/// What decides on requests that the store does not answer.
struct OutlookSources {
  UnsharedKeys& unshared;
  const Fence& fence;
  FillTable& fills;
  const RejectedCredentials& rejected;
  OriginLoop& delivery;
  WallTime now;
};

/// Fills in what is known of the outlook's key, host and credential. On the fetch thread.
void look_at(KeyOutlook& outlook, const OutlookSources& sources);

}  // namespace larder
