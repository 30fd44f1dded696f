// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/transfer_gauges.h"

namespace larder {

void show_transfers(OriginMetrics& metrics, const OriginLoop& delivery, const OriginLoop& preview) {
  const OriginLoop::Stats clients = delivery.stats();
  metrics.delivery_running.set(clients.running);
  metrics.delivery_queued.set(clients.queued);
  metrics.delivery_failed.set(clients.failed);
  metrics.delivery_refused.set(clients.refused);
  metrics.refreshes_dropped.set(clients.refreshes_dropped);
  const OriginLoop::Stats editors = preview.stats();
  metrics.preview_running.set(editors.running);
  metrics.preview_queued.set(editors.queued);
  metrics.preview_failed.set(editors.failed);
}

}  // namespace larder
