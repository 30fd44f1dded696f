// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "conf/base/clock.h"
#include "conf/config.h"

namespace larder {

/// Who waits for a transfer. A smaller value goes first.
enum class Lane : std::uint8_t {
  preview,  ///< an editor
  visitor,  ///< clients whose request missed
  pass,     ///< a client whose answer passes through, at the speed at which it reads
  refresh,  ///< nobody: a stale object is being renewed
};
inline constexpr std::size_t kLanes = 4;
const char* name_of(Lane lane);

/// A transfer by its number, unique within one OriginLoop.
using Ticket = std::uint64_t;

/// The places of one host and who waits for them. Each lane has a queue of its own, first come
/// first served, bounded by `upstream.max_queue_per_host`. Passes take at most half of the places,
/// however slowly they are read, and refreshes at most a quarter (each one where there are fewer).
/// A refresh takes none while anybody waits who could. Pure.
class HostLanes {
 public:
  enum class Entry : std::uint8_t {
    starts,   ///< has its place
    waits,    ///< is in its lane's queue
    refused,  ///< the lane's queue is full
  };
  struct Turn {
    Ticket ticket = 0;
    Lane lane = Lane::visitor;
  };

  /// `config` outlives the object and may change between calls.
  explicit HostLanes(const UpstreamConfig& config) : config_(config) {}

  Entry enter(Ticket ticket, Lane lane, MonotonicTime now);
  /// The next that has waited and may start: it has its place with this call.
  std::optional<Turn> next();
  /// One that ran in `lane` is over.
  void end(Lane lane);
  /// Takes it out of its lane's queue, if it is there.
  void leave_queue(Ticket ticket, Lane lane);

  /// A visitor waits for this queued refresh now: it goes to the end of the visitors' queue.
  /// False = that queue is full, and nothing has changed. True where it is not queued.
  bool promote(Ticket ticket, MonotonicTime now);
  /// The same for a refresh that runs: its place counts as a visitor's.
  void promote_running();

  /// Takes out those who have waited longer than `upstream.queue_wait`. Refreshes may wait.
  std::vector<Ticket> take_overdue(MonotonicTime now);

  std::size_t running(Lane lane) const { return running_[index(lane)]; }
  std::size_t queued(Lane lane) const { return queues_[index(lane)].size(); }
  std::size_t running() const;
  std::size_t queued() const;

 private:
  struct Waiting {
    Ticket ticket = 0;
    MonotonicTime since;
  };
  using Queue = std::deque<Waiting>;

  static constexpr std::size_t index(Lane lane) { return static_cast<std::size_t>(lane); }
  Queue& queue(Lane lane) { return queues_[index(lane)]; }
  bool has_place(Lane lane) const;

  const UpstreamConfig& config_;
  std::array<std::size_t, kLanes> running_{};
  std::array<Queue, kLanes> queues_;
};

}  // namespace larder
