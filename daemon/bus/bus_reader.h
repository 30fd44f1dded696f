// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "daemon/bus/bus_connection.h"
#include "daemon/bus/bus_report.h"
#include "daemon/bus/bus_state.h"

namespace larder {

/// The thread that reads the stream and has purged what other nodes have purged, one entry after
/// the other: the position is kept with each purge. Nobody waits for it.
class BusReader {
 public:
  struct Ways {
    /// `done` on any thread.
    std::function<void(PurgeOrder order, std::function<void(PurgeResult)> done)> purge;
    /// For the first time since the start all that was missed is purged.
    std::function<void()> caught_up;
  };

  /// `position`: of the last entry that was heeded; nothing = none is known.
  BusReader(const BusConfig& config, std::string node, std::optional<BusId> position,
            BusReport& report, Ways ways);
  ~BusReader() { stop(); }
  BusReader(const BusReader&) = delete;
  BusReader& operator=(const BusReader&) = delete;

  void stop();

 private:
  /// Shared with purges under way on other threads.
  struct Turn {
    std::mutex mutex;
    std::condition_variable changed;
    bool stopped = false;
    std::optional<PurgeResult> result;
  };

  void run();
  Result<void> follow(BusConnection& connection);
  Result<void> begin_anew(BusConnection& connection, const std::string& why);
  bool apply(const BusBatch& batch);
  bool apply(const BusBatch::Entry& entry, BusReading reading);
  bool keep_position();
  bool purge(const PurgeOrder& order);
  std::optional<PurgeResult> purge_once(PurgeOrder order);
  void pause(Milliseconds ms);
  void know();

  const BusConfig& config_;
  const std::string node_;
  std::optional<BusId> position_;
  BusReport& report_;
  const Ways ways_;
  std::size_t unkept_ = 0;  ///< entries that the kept position is behind
  bool caught_up_ = false;
  bool too_large_ = false;  ///< what is in the stream cannot be read
  BusBackOff back_off_;
  const std::shared_ptr<Turn> turn_ = std::make_shared<Turn>();
  BusInterrupt interrupt_;
  std::thread thread_;
};

/// A purge that only keeps the position of a feed.
PurgeOrder purge_of_nothing(const std::string& feed, std::string position);
/// The feed that the stream is, in FeedPosition.
std::string bus_feed(const BusConfig& config);

}  // namespace larder
