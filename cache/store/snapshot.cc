// SPDX-License-Identifier: Apache-2.0
#include "cache/store/snapshot.h"

#include <algorithm>
#include <array>
#include <system_error>
#include <thread>
#include <utility>

#include "cache/store/format.h"
#include "cache/store/lmdb.h"
#include "cache/store/shared.h"
#include "cache/store/store.h"
#include "conf/base/log.h"
#include "conf/base/thread_role.h"

namespace larder {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBetweenLooks{20};
constexpr std::chrono::milliseconds kBetweenSums{2};
/// No row that larder writes is so large.
constexpr std::size_t kMostValueBytes = SnapshotScanner::kMostBlockBytes / 2;
/// Of the file's bound: room that is left to the writer.
constexpr std::uint64_t kRoomPart = 16;

StoreState state_of(const StoreShared& shared) {
  return static_cast<StoreState>(shared.counters.state.load(std::memory_order_relaxed));
}

Result<void> check_state(StoreState state) {
  if (state == StoreState::writes || state == StoreState::disk_full) return {};
  return fail(Error::Code::unavailable,
              std::string("the store is in the state ") + name_of(state) +
                  ", see larderctl status; take a snapshot when it is well");
}

/// A reader as the writer knows them: while it reads by an environment, no other one is written to.
class ReaderTurnHeld {
 public:
  explicit ReaderTurnHeld(StoreShared& shared) : shared_(shared) {
    shared_.add_reader(turn_);
    shared_.begin_turn(turn_);
  }
  ~ReaderTurnHeld() { shared_.remove_reader(turn_); }
  ReaderTurnHeld(const ReaderTurnHeld&) = delete;
  ReaderTurnHeld& operator=(const ReaderTurnHeld&) = delete;

 private:
  StoreShared& shared_;
  StoreShared::ReaderTurn turn_{0};
};

/// One snapshot.
class Taking {
 public:
  Taking(StoreShared& shared, SnapshotOrder& order)
      : shared_(shared), order_(order), begun_(Clock::now()), moved_(begun_) {}

  /// What is left to be sent is in `rest`.
  Result<SnapshotTotals> run(std::string& rest) {
    const ReaderTurnHeld turn(shared_);
    environment_ = shared_.environment();
    if (environment_ == nullptr) return fail(Error::Code::unavailable, "there is no database");
    const ReadTxn txn(*environment_);
    if (!txn.ok()) return fail(Error::Code::io, "the database cannot be read");
    since_ = txn.id();
    SnapshotEncoder encoder(
        SnapshotHeader{.store_format = kFormatVersion,
                       .page_bytes = static_cast<std::uint32_t>(environment_->page_bytes()),
                       // No earlier than the commit that is seen.
                       .taken = order_.clock(),
                       .secret = order_.secret});
    Result<void> done = add_tables(txn, encoder);
    if (done) {
      encoder.end();
    } else {
      encoder.fail(done.error().context);
    }
    rest = std::move(unsent_) + encoder.take();
    if (!done) return tl::unexpected<Error>(done.error());
    return encoder.totals();
  }

 private:
  Result<void> add_tables(const ReadTxn& txn, SnapshotEncoder& encoder) {
    const Environment& of = *environment_;
    const std::array<Table, kSnapshotTables> tables{of.objects, of.chunks, of.held, of.index,
                                                    of.scopes,  of.epochs, of.meta};
    for (std::size_t i = 0; i < tables.size(); ++i) {
      Result<void> going = look();
      Result<void> read = txn.for_each(tables[i], [&](const Row& row) {
        if (!going) return false;
        if (row.value.size() > kMostValueBytes) {
          going = fail(Error::Code::corrupt, "a row of the database is damaged");
          return false;
        }
        encoder.add(static_cast<SnapshotTable>(i), row.key, row.value);
        if (encoder.has_much()) going = send(encoder);
        return going.has_value();
      });
      if (!going) return going;
      if (!read) return read;
    }
    return look();
  }

  Result<void> send(SnapshotEncoder& encoder) {
    unsent_ = encoder.take();
    Result<void> going = look();
    while (going) {
      if (order_.sink->take(unsent_, kBetweenLooks)) {
        unsent_.clear();
        moved_ = Clock::now();
        return {};
      }
      going = look();
    }
    return going;
  }

  /// May it go on?
  Result<void> look() {
    const Clock::time_point now = Clock::now();
    if (std::string why = order_.sink->refusal(); !why.empty()) return stop(std::move(why));
    if (std::string why = shared_.snapshot_gate.reason(); !why.empty()) return stop(std::move(why));
    if (shared_.environment() != environment_) return stop("the database was given up meanwhile");
    if (Result<void> well = check_state(state_of(shared_)); !well) return well;
    if (now - begun_ > std::chrono::milliseconds(order_.limit_ms)) {
      return fail(Error::Code::timed_out,
                  "it took longer than " + std::to_string(order_.limit_ms / 1'000) +
                      " s, for which alone the store may wait with pages that it frees: write to "
                      "a faster place, or raise --limit");
    }
    if (now - moved_ > Snapshots::kStall) {
      return fail(Error::Code::timed_out, "nobody took its bytes for 30 s");
    }
    if (now < sum_at_) return {};
    sum_at_ = now + kBetweenSums;
    return check_room();
  }

  static Result<void> stop(std::string why) {
    return fail(Error::Code::unavailable, std::move(why));
  }

  Result<void> check_room() const {
    const bool full_disk = state_of(shared_) == StoreState::disk_full;
    const std::uint64_t bound =
        full_disk ? environment_->file_pages()
                  : std::min(environment_->map_pages(),
                             shared_.counters.map_pages.load(std::memory_order_relaxed));
    const std::uint64_t taken = environment_->pages_taken(since_);
    if (taken + bound / kRoomPart <= bound) return {};
    return fail(Error::Code::full,
                "the store's room became short: while a snapshot is taken, pages that are freed "
                "cannot be used again; take it when less is stored, to a faster place, or raise "
                "cache.size");
  }

  StoreShared& shared_;
  SnapshotOrder& order_;
  const Clock::time_point begun_;
  Clock::time_point moved_;   ///< when the sink took something last
  Clock::time_point sum_at_;  ///< when it looks at the room again
  std::string unsent_;        ///< what the sink has not taken yet
  std::shared_ptr<Environment> environment_;
  std::uint64_t since_ = 0;
};

void tell(const Result<SnapshotTotals>& result, Clock::duration took) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  if (!result) {
    return log(LogLevel::warning, "store",
               "a snapshot was not taken: " + result.error().context + " (after " +
                   std::to_string(ms) + " ms)");
  }
  log(LogLevel::info, "store",
      "a snapshot was taken: " + std::to_string(result->objects) + " objects, " +
          std::to_string(result->bytes) + " bytes, " + std::to_string(ms) + " ms");
}

}  // namespace

struct Snapshots::Impl {
  explicit Impl(StoreShared& shared_in) : shared(shared_in) {}

  void run() {
    begin_thread("snapshot", Urgency::patient);
    const Clock::time_point begun = Clock::now();
    std::string rest;
    Result<SnapshotTotals> result = Taking(shared, order).run(rest);
    tell(result, Clock::now() - begun);
    const auto sink = std::exchange(order.sink, nullptr);
    order = {};
    shared.snapshot_gate.leave();
    StoreCounters::raise(result ? shared.counters.snapshots : shared.counters.failed_snapshots);
    sink->finish(std::move(rest), std::move(result));
  }

  StoreShared& shared;
  SnapshotOrder order;
  std::thread thread;
};

Snapshots::Snapshots(StoreShared& shared) : impl_(std::make_unique<Impl>(shared)) {}

Snapshots::~Snapshots() {
  impl_->shared.snapshot_gate.cancel("larderd stops");
  if (impl_->thread.joinable()) impl_->thread.join();
}

Result<void> Snapshots::begin(SnapshotOrder order) {
  if (Result<void> well = check_state(state_of(impl_->shared)); !well) return well;
  if (!impl_->shared.snapshot_gate.enter()) {
    return fail(Error::Code::full, "a snapshot is being taken already; try again when it is done");
  }
  if (impl_->thread.joinable()) impl_->thread.join();  // it has left the gate
  impl_->order = std::move(order);
  try {
    impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
  } catch (const std::system_error& error) {
    impl_->order = {};
    impl_->shared.snapshot_gate.leave();
    return fail(Error::Code::io, std::string("no thread for it: ") + error.what());
  }
  return {};
}

}  // namespace larder
