// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cache/store/store.h"
#include "conf/config.h"
#include "daemon/bus/bus_outbox.h"
#include "daemon/bus/bus_reader.h"
#include "daemon/bus/bus_report.h"
#include "daemon/bus/bus_sender.h"

namespace larder {

/// Feeds whose name begins so hold whether the node owes the others something. Its own, and no
/// other's.
inline constexpr const char* kBusDebtFeeds = "bus-debt ";

/// The bus of a fleet: what is purged at one node is purged at all. Serving never waits for it.
class Bus {
 public:
  /// `ways.purge` hands over in the order of its calls. `store` has the position.
  Bus(const BusConfig& config, const Store& store, BusReader::Ways ways);
  ~Bus() { stop(); }
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;

  /// Purges here; once that is durable it is acknowledged, and the other nodes are told as soon as
  /// Redis takes it. That there is something to tell is kept with the purge: should this process
  /// die in between, the next one tells that there is a gap. Any thread.
  void purge(PurgeOrder order, std::function<void(PurgeResult)> done);

  /// Sends what is left, for a moment, and ends both threads.
  void stop();

  std::string metrics_text() const { return report_.metrics_text(outbox_->size()); }
  std::string status_json() const { return report_.status_json(outbox_->size()); }

 private:
  const BusConfig config_;
  const BusReader::Ways ways_;
  const std::string node_;  ///< of this process: a copied cache folder is another node
  BusReport report_;
  const std::shared_ptr<BusOutbox> outbox_;  ///< shared with purges under way
  std::optional<BusReader> reader_;
  std::optional<BusSender> sender_;
};

}  // namespace larder
