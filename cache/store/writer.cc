// SPDX-License-Identifier: Apache-2.0
#include "cache/store/writer.h"

#include <algorithm>

#include "cache/store/fault.h"
#include "conf/base/thread_role.h"

namespace larder {
namespace {

constexpr unsigned kTriesWhenFull = 4;

}  // namespace

WriterBounds::WriterBounds(std::uint64_t map_bytes) {
  const std::uint64_t pages = map_bytes / 4096;
  batch.objects = std::clamp<std::uint64_t>(pages / 256, 1, 256);  // each commit is a sync
  batch.bytes = std::min<std::uint64_t>(map_bytes / 64, 8u << 20);
  evictions = static_cast<unsigned>(std::clamp<std::uint64_t>(pages / 128, 2, 500));
  purges = static_cast<unsigned>(std::clamp<std::uint64_t>(pages / 64, 8, 1'000));
}

StoreWriter::StoreWriter(StoreShared& shared, DatabaseFiles files, std::uint64_t map_bytes,
                         const KeyHasher& hasher, std::size_t max_scopes)
    : shared_(shared),
      files_(std::move(files)),
      map_bytes_(map_bytes),
      bounds_(map_bytes),
      hasher_(hasher),
      environment_(shared.environment()),
      ledger_(*shared.policy, environment_->page_bytes()),
      scopes_(max_scopes) {}

void StoreWriter::run() noexcept {
  begin_thread("writer", Urgency::patient);
  restore();
  Clock::time_point tick = Clock::now() + kWriterTick;
  while (true) {
    Batch batch = shared_.inbox.take(tick);
    const bool nothing = batch.puts.empty() && !batch.other;
    if (nothing && batch.stopping) break;
    handle(batch);
    if (Clock::now() < tick) continue;
    keep_house();
    tick = Clock::now() + kWriterTick;
  }
  save_all_frequencies();
  forget_marked_deaths(files_.directory);
  if (environment_ == nullptr) return;
  if (Result<void> done = environment_->sync(); !done) complain(done.error().context);
}

void StoreWriter::handle(Batch& batch) {
  if (!batch.puts.empty()) return store(batch.puts);
  if (!batch.other) return;
  if (auto* job = std::get_if<PurgeJob>(&*batch.other)) {
    purge(*job);
  } else if (auto* order = std::get_if<CheckOrder>(&*batch.other)) {
    if (Result<void> done = check(*order); !done) on_failure(done.error(), 0);
  } else if (std::get<DamageReport>(*batch.other).generation >= opened_generation_) {
    begin_anew("a lookup met a damaged page");
  }
}

void StoreWriter::store(std::vector<PutOrder>& puts) {
  std::span<PutOrder> rest(puts);
  while (!rest.empty()) {
    const Result<std::size_t> fitting = make_scopes_fit(rest);
    const std::span<PutOrder> part = rest.first(fitting.value_or(1));
    const Result<void> done =
        fitting ? store_part(part) : Result<void>(tl::unexpected<Error>(fitting.error()));
    if (!done) on_failure(done.error(), part.size());
    publish();
    settle(part, done.has_value());
    rest = rest.subspan(part.size());
  }
}

/// How many of the puts, from the first on, need no more scopes than there may be. Room for the
/// first one is made.
Result<std::size_t> StoreWriter::make_scopes_fit(std::span<PutOrder> puts) {
  while (!scopes_.knows(puts.front().scope.mac) && scopes_.lacks_room_for(1)) {
    const auto idlest = scopes_.idlest();
    if (!idlest) break;
    const Result<std::uint64_t> removed = erase_scopes({*idlest});
    if (!removed) return tl::unexpected<Error>(removed.error());
    StoreCounters::raise(shared_.counters.evicted, *removed);
  }
  std::vector<ScopeMac> added;
  std::size_t count = 0;
  for (const PutOrder& put : puts) {
    const ScopeMac& mac = put.scope.mac;
    if (!scopes_.knows(mac) && std::find(added.begin(), added.end(), mac) == added.end()) {
      if (count > 0 && scopes_.lacks_room_for(added.size() + 1)) break;
      added.push_back(mac);
    }
    ++count;
  }
  return count;
}

/// Stores all of them or none. A full map is tried again after an eviction or two: what was missing
/// may have been pages in a row, or pages that were free but not yet to be used again.
Result<void> StoreWriter::store_part(std::span<PutOrder> puts) {
  if (!open_again()) return fail(Error::Code::io, "there is no database");
  const std::uint64_t needed = pages_needed(puts);
  unsigned tries = 0;
  while (true) {
    const Result<bool> stored = store_once(puts, needed);
    if (stored && *stored) {
      full_in_a_row_ = 0;
      return {};
    }
    if (stored) continue;
    if (stored.error().code != Error::Code::full || ++tries == kTriesWhenFull) {
      return tl::unexpected<Error>(stored.error());
    }
    StoreCounters::raise(shared_.counters.map_full);
    for (unsigned i = 0; i < tries + 1; ++i) evict_some(needed);
  }
}

/// One transaction, with eviction in it as far as a transaction may go. False = that alone filled
/// it.
Result<bool> StoreWriter::store_once(std::span<PutOrder> puts, std::uint64_t needed) {
  const WallTime now = wall_now();
  Change change(*environment_, ledger_, scopes_);
  const Clock::time_point begun = Clock::now();
  const bool fits = make_room(change, needed);
  if (fits) {
    for (PutOrder& put : puts) insert(change, put, now);
  }
  const Clock::time_point written = Clock::now();
  if (Result<void> done = commit(change); !done) return tl::unexpected<Error>(done.error());
  shared_.counters.store_times.add((written - begun) / puts.size(), fits ? puts.size() : 0);
  shared_.counters.commit_times.add(Clock::now() - written);
  return fits;
}

void StoreWriter::insert(Change& change, PutOrder& put, WallTime now) {
  IndexRecord record = index_record(put.object, *environment_);
  put.stored = false;
  if (const auto frequency = remove_object(change, put.object.key)) {
    record.eviction = {*frequency, EvictionState::kJustUsed};
    ++change.replaced;
  } else {
    const auto newcomer = ledger_.missed(record, is_full(change));
    if (!newcomer.admitted) {
      ++change.not_admitted;
      return;
    }
    record.eviction = newcomer.state;
  }
  insert_object(change, put.object, record);
  scopes_.note(change.txn, put.scope, now.ms);
  put.stored = true;
  ++change.stored;
}

void StoreWriter::settle(std::span<PutOrder> puts, bool committed) {
  for (PutOrder& put : puts) {
    shared_.inbox.release(put.bytes);
    put.object.body.clear();
    if (put.done) put.done(committed && put.stored);
  }
}

/// A lookup could not use the object: is it really damaged, and still there?
Result<void> StoreWriter::check(const CheckOrder& order) {
  if (environment_ == nullptr) return {};
  Change change(*environment_, ledger_, scopes_);
  if (object_is_whole(change.txn, order.key)) return {};
  remove_object(change, order.key);
  return commit(change);
}

Result<void> StoreWriter::commit(Change& change) {
  const double floor = shared_.policy->floor();
  if (floor != saved_floor_) {
    change.txn.put(environment_->meta, kFloorKey,
                   {reinterpret_cast<const char*>(&floor), sizeof floor});
  }
  const Result<void> done = change.commit();
  if (!done) return done;
  saved_floor_ = floor;
  live_pages_ = change.pages_in_use;
  reserve_disk();
  StoreCounters& counters = shared_.counters;
  StoreCounters::raise(counters.commits);
  StoreCounters::raise(counters.stores, change.stored);
  StoreCounters::raise(counters.replaced, change.replaced);
  StoreCounters::raise(counters.evicted, change.evicted);
  StoreCounters::raise(counters.not_admitted, change.not_admitted);
  return done;
}

}  // namespace larder
