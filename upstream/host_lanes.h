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
#include "upstream/stack_budget.h"

namespace larder {

/// Who waits for a transfer. A smaller value goes first.
enum class Lane : std::uint8_t {
  preview,  ///< an editor
  visitor,  ///< clients whose request missed, with nothing to fall back on
  pass,     ///< a client whose answer passes through, at the speed at which it reads
  renewal,  ///< clients who wait for a new answer, and get the stale one where it does not come
  refresh,  ///< nobody: a stale object is being renewed
};
inline constexpr std::size_t kLanes = 5;
const char* name_of(Lane lane);

/// A transfer by its number, unique within one OriginLoop.
using Ticket = std::uint64_t;

/// The places of one host and who waits for them. Each lane has a queue of its own, first come
/// first served, bounded by `upstream.max_queue_per_host`. Passes take at most half of the places,
/// however slowly they are read, and refreshes at most a quarter (each one where there are fewer).
/// A refresh takes none while anybody waits who could. Who has a place starts when the budget of
/// its stack allows it; until then it waits, and those of other stacks pass it. Pure.
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
  explicit HostLanes(const UpstreamConfig& config) : config_(config), budget_(config) {}

  Entry enter(Ticket ticket, Lane lane, MonotonicTime now, StackId stack = 0);
  /// The next that has waited and may start: it has its place with this call.
  std::optional<Turn> next(MonotonicTime now);
  /// After next() gave none: when the budget lets the next one start that has a place; nothing
  /// where none waits for the budget alone.
  std::optional<Milliseconds> budget_wait_ms(MonotonicTime now);
  /// One that ran in `lane` is over.
  void end(Lane lane);
  /// Takes it out of its lane's queue, if it is there.
  void leave_queue(Ticket ticket, Lane lane);

  /// Somebody waits for this queued one of a later lane now: it goes to the end of the queue of
  /// `to`. False = that queue is full, and nothing has changed. True where it is not queued.
  bool promote(Ticket ticket, Lane from, Lane to, MonotonicTime now);
  /// The same for one that runs: its place counts as one of `to`.
  void promote_running(Lane from, Lane to);

  /// Takes out those who have waited longer than `upstream.queue_wait`. Refreshes may wait.
  std::vector<Ticket> take_overdue(MonotonicTime now);

  std::size_t running(Lane lane) const { return running_[index(lane)]; }
  std::size_t queued(Lane lane) const { return queues_[index(lane)].size(); }
  std::size_t running() const;
  std::size_t queued() const;
  StackBudget& budget() { return budget_; }

 private:
  struct Waiting {
    Ticket ticket = 0;
    MonotonicTime since;
    StackId stack = 0;
  };
  using Queue = std::deque<Waiting>;

  static constexpr std::size_t index(Lane lane) { return static_cast<std::size_t>(lane); }
  Queue& queue(Lane lane) { return queues_[index(lane)]; }
  bool has_place(Lane lane) const;
  std::optional<std::size_t> first_that_may(Lane lane, MonotonicTime now);

  const UpstreamConfig& config_;
  StackBudget budget_;
  std::array<std::size_t, kLanes> running_{};
  std::array<Queue, kLanes> queues_;
};

}  // namespace larder
