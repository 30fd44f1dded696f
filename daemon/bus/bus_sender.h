// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <thread>

#include "daemon/bus/bus_connection.h"
#include "daemon/bus/bus_outbox.h"
#include "daemon/bus/bus_report.h"

namespace larder {

/// The thread that appends to the stream what this node has purged. What is not known to be there
/// is appended again: twice does no harm.
class BusSender {
 public:
  /// `pay`: keeps that nothing is left to be sent.
  BusSender(const BusConfig& config, BusOutbox& outbox, BusReport& report,
            std::function<void()> pay);
  ~BusSender();  ///< the outbox is stopped
  BusSender(const BusSender&) = delete;
  BusSender& operator=(const BusSender&) = delete;

 private:
  void run();
  Result<void> send_all();

  const BusConfig& config_;
  BusOutbox& outbox_;
  BusReport& report_;
  const std::function<void()> pay_;
  BusInterrupt interrupt_;
  std::unique_ptr<BusConnection> connection_;
  bool worked_ = false;  ///< the connection, since it was opened
  std::thread thread_;
};

}  // namespace larder
