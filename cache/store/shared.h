// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cache/eviction/eviction.h"
#include "cache/store/epochs.h"
#include "cache/store/inbox.h"
#include "cache/store/leases.h"
#include "cache/store/lmdb.h"
#include "cache/store/scope_uses.h"
#include "cache/store/snapshot_gate.h"
#include "cache/store/unknown_places.h"

namespace larder {

/// Counters and gauges, written by anyone and read by stats().
struct StoreCounters {
  using Number = std::atomic<std::uint64_t>;
  /// TimeCounts in the making.
  struct Times {
    std::array<Number, std::tuple_size_v<TimeCounts>> places{};
    void add(std::chrono::steady_clock::duration took, std::uint64_t times = 1) {
      const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
      const auto place = static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(us)));
      raise(places[std::min(place, places.size() - 1)], times);
    }
  };
  Times store_times, commit_times;
  Number stores{0}, replaced{0}, evicted{0}, purged{0}, commits{0};
  Number dropped_queue_full{0}, dropped_too_large{0}, dropped_map_full{0}, failed_commits{0};
  Number map_full{0}, not_admitted{0}, corrupt{0}, collisions{0}, begun_anew{0}, touched{0};
  Number held_objects{0}, held_pages{0}, readers_cut{0};
  Number state{0};  ///< StoreState
  Number dropped_refused{0};
  Number snapshots{0}, failed_snapshots{0};
  Number objects{0}, live_pages{0}, file_pages{0}, page_bytes{4096}, map_pages{0}, scopes{0},
      readers{0};

  static void raise(Number& number, std::uint64_t by = 1) {
    number.fetch_add(by, std::memory_order_relaxed);
  }
  static void set(Number& number, std::uint64_t value) {
    number.store(value, std::memory_order_relaxed);
  }
};

/// What the writer and the readers have in common.
struct StoreShared {
  StoreShared(std::unique_ptr<EvictionPolicy> policy_in, std::uint64_t max_pending_bytes,
              std::chrono::milliseconds gather, BatchBounds bounds, std::size_t max_scopes,
              std::size_t max_purged_tags)
      : epochs(max_purged_tags),
        policy(std::move(policy_in)),
        inbox(max_pending_bytes, gather, bounds),
        scope_uses(max_scopes) {}

  Epochs epochs;
  UnknownPlaces unknown;
  std::atomic<Milliseconds> soft_for{0};  ///< `purge.soft_for`
  std::unique_ptr<EvictionPolicy> policy;
  StoreInbox inbox;
  LeaseTable leases;
  ScopeUses scope_uses;
  SnapshotGate snapshot_gate;
  StoreCounters counters;

  /// Raised (release) after every purge and every change of environment, when both are done and
  /// durable. Readers look (acquire) at every lookup.
  std::atomic<std::uint64_t> generation{1};

  /// The generation by which a reader looks in its turn; 0 = it is between two turns.
  using ReaderTurn = std::atomic<std::uint64_t>;
  void add_reader(const ReaderTurn& turn) {
    const std::lock_guard lock(mutex_);
    turns_.push_back(&turn);
  }
  void remove_reader(const ReaderTurn& turn) {
    const std::lock_guard lock(mutex_);
    std::erase(turns_, &turn);
  }
  /// Whoever is not a StoreReader: from here on, until the turn is 0 again, it looks by what
  /// environment() gives it.
  void begin_turn(ReaderTurn& turn) const {
    do {
      turn.store(generation.load());
    } while (turn.load() != generation.load());
  }
  /// Nobody looks, nor will look, by a generation before this one. A reader says by which it looks,
  /// and then asks whether that is still the generation; the writer raises the generation first. In
  /// the one order of these steps, the later of the two sees the other.
  bool readers_are_past(std::uint64_t that) const {
    const std::lock_guard lock(mutex_);
    return std::none_of(turns_.begin(), turns_.end(), [&](const ReaderTurn* turn) {
      const std::uint64_t at = turn->load();
      return at != 0 && at < that;
    });
  }

  /// Why nothing, or not all, is stored; empty = there is no reason. Never a token.
  std::string trouble() const {
    const std::lock_guard lock(mutex_);
    return trouble_;
  }
  void set_trouble(const std::string& text) {
    const std::lock_guard lock(mutex_);
    trouble_ = text;
  }

  /// The environment in use; null when none can be opened. Only the writer changes it.
  std::shared_ptr<Environment> environment() const {
    const std::lock_guard lock(mutex_);
    return environment_;
  }
  void set_environment(std::shared_ptr<Environment> environment) {
    std::shared_ptr<Environment> old;
    const std::lock_guard lock(mutex_);
    old = std::exchange(environment_, std::move(environment));
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<Environment> environment_;
  std::vector<const ReaderTurn*> turns_;
  std::string trouble_;
};

}  // namespace larder
