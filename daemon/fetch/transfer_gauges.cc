// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/transfer_gauges.h"

namespace larder {
namespace {

void show(TransferMetrics& metrics, const OriginLoop::Stats& stats) {
  metrics.started.set(stats.started);
  for (std::size_t i = 0; i < kStatusClasses; ++i) metrics.answers[i].set(stats.ended.answers[i]);
  for (std::size_t i = 0; i < kTransferPhases; ++i) {
    metrics.phase_ms[i].set(static_cast<std::uint64_t>(stats.ended.phase_ms[i]));
  }
}

}  // namespace

void show_transfers(OriginMetrics& metrics, const OriginLoop& delivery, const OriginLoop& preview) {
  const OriginLoop::Stats clients = delivery.stats();
  metrics.delivery_running.set(clients.running);
  metrics.delivery_queued.set(clients.queued);
  metrics.delivery_failed.set(clients.failed);
  metrics.delivery_refused.set(clients.refused);
  metrics.refreshes_dropped.set(clients.refreshes_dropped);
  show(metrics.delivery, clients);
  const OriginLoop::Stats editors = preview.stats();
  metrics.preview_running.set(editors.running);
  metrics.preview_queued.set(editors.queued);
  metrics.preview_failed.set(editors.failed);
  show(metrics.preview, editors);
}

}  // namespace larder
