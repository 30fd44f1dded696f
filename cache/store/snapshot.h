// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "cache/scope/install_secret.h"
#include "cache/store/snapshot_format.h"
#include "conf/base/clock.h"
#include "conf/base/result.h"
#include "conf/config.h"

namespace larder {

/// Where a snapshot's bytes go. Called by its thread alone.
class SnapshotSink {
 public:
  virtual ~SnapshotSink() = default;
  /// Takes the piece over, or waits for room, for so long at most. False = not taken.
  virtual bool take(std::string& piece, std::chrono::milliseconds wait) = 0;
  /// Why nobody wants more; "" = somebody does.
  virtual std::string refusal() const = 0;
  /// The last call: nothing of the store is held any more. `rest` is to be sent behind all else,
  /// whatever its length; where the snapshot has failed it says so in the snapshot's own form.
  virtual void finish(std::string rest, Result<SnapshotTotals> result) = 0;
};

struct SnapshotOrder {
  InstallSecret secret;
  std::function<WallTime()> clock;  ///< by which objects are stored; any thread
  Milliseconds limit_ms = 0;        ///< longer it may not take
  std::shared_ptr<SnapshotSink> sink;
};

struct StoreShared;

/// Takes snapshots of the store while it works, one at a time, on a thread of its own: all rows of
/// all tables as one read transaction shows them. What was committed before it began is in it, and
/// so is every purge that was acknowledged before.
///
/// While the transaction is open no page that is freed can be used again, so that the file grows
/// and, at its bound, nothing could be stored. So it ends without a snapshot when it takes longer
/// than its limit, when the sink takes nothing for kStall, when the writer's room falls below a
/// sixteenth of the file's bound, when the writer asks for it (SnapshotGate), and when the database
/// is given up.
class Snapshots {
 public:
  static constexpr std::chrono::seconds kStall{30};

  /// `shared` outlives it.
  explicit Snapshots(StoreShared& shared);
  ~Snapshots();  ///< ends the one that is under way
  Snapshots(const Snapshots&) = delete;
  Snapshots& operator=(const Snapshots&) = delete;

  /// Error::full: one is under way; unavailable: the store is in no state for it. Then `order.sink`
  /// hears nothing. One thread.
  Result<void> begin(SnapshotOrder order);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace larder
