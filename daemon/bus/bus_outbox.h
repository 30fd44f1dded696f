// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "daemon/bus/bus_state.h"

namespace larder {

/// What this node has purged and the others have still to hear of, between who purges and the
/// thread that sends. Any thread.
class BusOutbox {
 public:
  explicit BusOutbox(std::string node) : queue_(std::move(node)) {}

  /// A purge begins; `start` hands it over, before any debt that is paid later. settle() follows.
  void begin(const std::function<void()>& start);
  /// It is durable, with what is to be sent of it; nothing = it has failed.
  void settle(std::optional<BusFields> entry);
  void note_gap();

  /// The sending thread: waits up to `ms` for something to send.
  std::optional<BusFields> wait(Milliseconds ms);
  /// What wait() gave is in the stream.
  void sent();
  /// Runs `pay` if nothing is left to be sent, and no purge is under way, since the last time.
  void pay(const std::function<void()>& pay);
  /// Waits, or until stop().
  void pause(Milliseconds ms);

  std::size_t size() const;
  /// Waits for what is left to be sent, up to `ms`; nobody waits in here from then on.
  void stop(Milliseconds ms);
  /// stop() was called. The sending thread sends what is left while it is connected.
  bool stopping() const;
  bool stopped() const;
  /// Nothing is sent any more.
  void end();

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  BusQueue queue_;
  std::uint64_t under_way_ = 0;
  std::uint64_t version_ = 0;  ///< counts changes of what is at the front for other reasons
  std::uint64_t taken_ = 0;    ///< version_ of what wait() gave
  bool owes_ = false;
  bool stopping_ = false, stopped_ = false, ended_ = false;
};

}  // namespace larder
