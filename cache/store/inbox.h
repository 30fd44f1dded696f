// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "cache/store/format.h"
#include "cache/store/store.h"
#include "cache/store/url_listing.h"

/// What the writer thread is asked to do, in order.
namespace larder {

/// An object to store, or one that is stored to be given a new lifetime.
struct PutOrder {
  enum class What : std::uint8_t { store, touch };
  What what = What::store;
  NewObject object;
  ScopeLabel scope;
  std::function<void(bool)> done;
  std::uint64_t bytes = 0;  ///< what it holds of the bound
  // The writer's:
  bool stored = false;
  IndexRecord record;
};

struct PurgeJob {
  PurgeOrder order;
  std::function<void(PurgeResult)> done;
};

/// What is stored of a URL, or under one key, is to be listed.
struct ListJob {
  PurgeOrder order;
  std::optional<CacheKey> key;  ///< then `order` does not count
  WallTime now;
  std::function<void(UrlListing)> done;
  ListDepth depth = ListDepth::tags;
};

/// What is stored in scopes, or carries a tag, is to be listed.
struct WalkJob {
  ObjectQuestion question;
  WallTime now;
  std::function<void(UrlListing)> done;
};

/// One piece of a stored body is to be read.
struct PieceJob {
  CacheKey key;
  std::uint64_t sequence = 0;  ///< of the object that is meant
  std::uint32_t index = 0;     ///< below ListedObject::pieces
  WallTime now;
  /// not_found: a lookup does not find this object any more, or it has no such piece.
  std::function<void(Result<std::string>)> done;
};

/// What the survey is to answer; the scopes that it needs are the writer's.
using SurveyJob = std::variant<ListJob, WalkJob, PieceJob>;

/// A lookup found the object of this key damaged.
struct CheckOrder {
  CacheKey key;
};

/// A lookup was told by LMDB that the file is damaged.
struct DamageReport {
  std::uint64_t generation;  ///< StoreShared's: a later one may be another file
};

/// Objects stored in one transaction at most, by number and by what they hold.
struct BatchBounds {
  std::size_t objects = 64;
  std::uint64_t bytes = 8u << 20;
};

/// The writer's next work: some puts, or one other order, or nothing (time for housekeeping).
struct Batch {
  std::vector<PutOrder> puts;
  std::vector<PutOrder> dropped;  ///< not to be stored, only to be settled
  std::optional<std::variant<PurgeJob, SurveyJob, CheckOrder, DamageReport>> other;
  bool stopping = false;
};

/// The queue between everybody and the writer. Bounded: puts by bytes, those being written
/// included, and by number; reports of damage by number; purges are few and never refused.
class StoreInbox {
 public:
  using Clock = std::chrono::steady_clock;

  StoreInbox(std::uint64_t max_bytes, std::chrono::milliseconds gather, BatchBounds bounds)
      : bounds_(bounds), max_bytes_(max_bytes), gather_(gather) {}

  /// From the next put and the next batch on.
  void set_bounds(std::uint64_t max_bytes, std::chrono::milliseconds gather);

  /// A share of the bound for what is being written. False = there is no room.
  bool hold(std::uint64_t bytes);
  bool has_room(std::uint64_t bytes) const { return held_bytes() + bytes <= max_bytes(); }
  void give_back(std::uint64_t bytes) { held_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

  /// The order's bytes are held already. False = refused: too many wait, or the store is closing.
  bool put(PutOrder order);
  /// A purge of all drops the puts that wait, for it would undo them.
  void purge(PurgeJob job);
  void ask(SurveyJob job);
  /// The next batch has all puts that wait as dropped.
  void drop_all_puts();
  void report(CheckOrder order);
  void report(DamageReport report);
  void stop();

  /// The writer shows that it goes on, by steps(), when it next looks for orders.
  void ask_for_step();
  /// The writer's: it goes on, though it does not look for orders.
  void note_step() { steps_.fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t steps() const { return steps_.load(std::memory_order_relaxed); }

  /// Waits for orders, `until` at most. Puts are gathered for `gather` after the last commit began,
  /// or until a batch is full or something else waits: a put that comes after a pause is committed
  /// at once, and a flood costs one sync for each batch or interval.
  Batch take(Clock::time_point until);
  /// The puts of a batch are settled.
  void release(std::uint64_t bytes) {
    pending_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    give_back(bytes);
  }
  /// Of puts that are not settled.
  std::uint64_t pending_bytes() const { return pending_bytes_.load(std::memory_order_relaxed); }
  /// Of what is still being written.
  std::uint64_t writing_bytes() const {
    const std::uint64_t pending = pending_bytes();
    const std::uint64_t held = held_bytes();
    return held > pending ? held - pending : 0;
  }

 private:
  using Order = std::variant<PutOrder, PurgeJob, SurveyJob, CheckOrder, DamageReport>;
  bool worth_a_batch() const;
  std::uint64_t held_bytes() const { return held_bytes_.load(std::memory_order_relaxed); }
  void add(Order order);
  void add_report(Order order);
  void take_puts(Batch& batch);
  void drop_puts();

  std::uint64_t max_bytes() const { return max_bytes_.load(std::memory_order_relaxed); }

  const BatchBounds bounds_;
  std::atomic<std::uint64_t> max_bytes_;
  std::atomic<std::uint64_t> held_bytes_{0};  ///< of all writes, settled ones excepted
  std::atomic<std::uint64_t> pending_bytes_{0};
  Clock::time_point last_taken_{};

  std::mutex mutex_;
  std::chrono::milliseconds gather_;  ///< under mutex_
  std::condition_variable ready_;
  std::deque<Order> orders_;
  std::vector<PutOrder> dropped_;
  std::size_t puts_ = 0, others_ = 0, reports_ = 0;
  std::uint64_t put_bytes_ = 0;  ///< waiting in orders_
  bool stopping_ = false;
  bool asked_for_step_ = false;
  std::atomic<std::uint64_t> steps_{0};
};

}  // namespace larder
