// SPDX-License-Identifier: Apache-2.0
#include "cache/store/writer.h"

#include <algorithm>
#include <optional>

#include "cache/store/fault.h"
#include "conf/base/thread_role.h"

namespace larder {
namespace {

constexpr unsigned kTriesWhenFull = 4;
constexpr unsigned kFullInARow = 3;

/// A 404 or 422 says nothing about whose scope it is: anybody may ask for what is not there.
bool may_open_scope(const PutOrder& put) {
  return put.what == PutOrder::What::store && put.object.meta.status == 200;
}

}  // namespace

Writer::Writer(StoreShared& shared, CacheDirectory directory, std::uint64_t map_bytes,
               const KeyHasher& hasher, std::size_t max_scopes, std::int64_t reader_hold_ms)
    : shared_(shared),
      database_(shared, std::move(directory), map_bytes, hasher, max_scopes, reader_hold_ms),
      space_(database_),
      survey_(shared),
      purger_(database_, space_, survey_),
      upkeep_(database_) {}

void Writer::run() noexcept {
  begin_thread("writer", Urgency::patient);
  database_.open();
  note(upkeep_.remove_left_over());
  database_.publish();
  Clock::time_point tick = Clock::now() + kWriterTick;
  std::optional<Clock::time_point> stop_at;
  while (true) {
    Batch batch = shared_.inbox.take(next_look(tick));
    const bool nothing = batch.puts.empty() && batch.dropped.empty() && !batch.other;
    if (batch.stopping && !stop_at) stop_at = Clock::now() + Store::kStopTime;
    if (nothing && batch.stopping) break;
    if (stop_at && Clock::now() > *stop_at) {
      drop(batch.puts);
      shared_.inbox.drop_all_puts();
    }
    handle(batch);
    if (nothing) {
      database_.open();
      note(upkeep_.sweep_held_rows());
      note(space_.shrink());
    }
    if (Clock::now() < tick) continue;
    note(upkeep_.keep_house());
    tick = Clock::now() + kWriterTick;
  }
  end(*stop_at);
}

/// When to wake without an order.
Writer::Clock::time_point Writer::next_look(Clock::time_point tick) const {
  if (space_.is_too_large()) return Clock::now();
  const bool soon = !database_.held.empty() || !database_.is_open();
  return soon ? std::min(tick, Clock::now() + kHeldTick) : tick;
}

void Writer::end(Clock::time_point until) {
  upkeep_.save_all_frequencies(until);
  forget_marked_deaths(database_.files.directory);
  if (!database_.is_open() || Clock::now() > until) return;
  note(database_.environment().sync());
}

/// Puts that are not worth a transaction any more.
void Writer::drop(std::vector<PutOrder>& puts) {
  settle(puts, false);
  puts.clear();
}

void Writer::handle(Batch& batch) {
  drop(batch.dropped);
  if (!batch.puts.empty()) return store(batch.puts);
  if (!batch.other) return;
  if (auto* job = std::get_if<PurgeJob>(&*batch.other)) {
    purger_.purge(*job);
  } else if (auto* survey = std::get_if<SurveyJob>(&*batch.other)) {
    purger_.ask(*survey);
  } else if (auto* order = std::get_if<CheckOrder>(&*batch.other)) {
    note(check(*order));
  } else if (std::get<DamageReport>(*batch.other).generation >= database_.opened_generation()) {
    database_.begin_anew("a lookup met a damaged page");
  }
}

void Writer::note(const Result<void>& done) {
  if (!done) on_failure(done.error(), 0);
}

void Writer::store(std::vector<PutOrder>& puts) {
  std::span<PutOrder> rest(puts);
  while (!rest.empty()) {
    if (!database_.worth_trying()) {
      StoreCounters::raise(shared_.counters.dropped_refused, rest.size());
      return settle(rest, false);
    }
    const Result<std::size_t> fitting = make_scopes_fit(rest);
    if (fitting && *fitting == 0) {
      StoreCounters::raise(shared_.counters.not_admitted);
      settle(rest.first(1), false);
      rest = rest.subspan(1);
      continue;
    }
    const std::span<PutOrder> part = rest.first(fitting.value_or(1));
    const Result<void> done =
        fitting ? store_part(part) : Result<void>(tl::unexpected<Error>(fitting.error()));
    if (!done) on_failure(done.error(), part.size());
    database_.publish();
    settle(part, done.has_value());
    rest = rest.subspan(part.size());
  }
}

/// How many of the puts, from the first on, need no more scopes than there may be. Room for the
/// first one is made, if its scope is worth it; 0 = it is not.
Result<std::size_t> Writer::make_scopes_fit(std::span<PutOrder> puts) {
  if (!database_.open()) return fail(Error::Code::io, "there is no database");
  const ScopeBook& scopes = database_.scopes;
  const auto is_new = [&](const PutOrder& put) {
    return put.what == PutOrder::What::store && !scopes.knows(put.scope.mac);
  };
  if (is_new(puts.front())) {
    if (!may_open_scope(puts.front())) return 0;
    const auto verdict = database_.scopes.judge_newcomer(puts.front().scope.mac, wall_now().ms);
    if (!verdict.admitted) return 0;
    if (verdict.leaves) {
      const Result<std::uint64_t> removed = purger_.erase_scope(*verdict.leaves);
      if (!removed) return tl::unexpected<Error>(removed.error());
      StoreCounters::raise(shared_.counters.evicted, *removed);
    }
  }
  std::vector<ScopeMac> added;
  std::size_t count = 0;
  for (const PutOrder& put : puts) {
    const ScopeMac& mac = put.scope.mac;
    if (is_new(put) && may_open_scope(put) &&
        std::find(added.begin(), added.end(), mac) == added.end()) {
      if (count > 0 && scopes.lacks_room_for(added.size() + 1)) break;
      added.push_back(mac);
    }
    ++count;
  }
  return count;
}

/// Stores all of them or none. A full map is tried again after an eviction or two: what was missing
/// may have been pages in a row, or pages that were free but not yet to be used again.
Result<void> Writer::store_part(std::span<PutOrder> puts) {
  if (!database_.open()) return fail(Error::Code::io, "there is no database");
  database_.look_for_room();
  for (PutOrder& put : puts) put.record = index_record(put.object, database_.environment());
  const std::uint64_t needed = space_.pages_needed(puts);
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
    // Should one fail, the next try fails and counts.
    for (unsigned i = 0; i < tries + 1; ++i) static_cast<void>(space_.evict_some(needed));
  }
}

/// One transaction, with eviction in it as far as a transaction may go. False = that alone filled
/// it.
Result<bool> Writer::store_once(std::span<PutOrder> puts, std::uint64_t needed) {
  const WallTime now = wall_now();
  Change change = database_.change();
  const Clock::time_point begun = Clock::now();
  const bool fits = space_.make_room(change, needed);
  if (fits) {
    const bool full = space_.is_full(change);
    for (PutOrder& put : puts) insert(change, put, now, full);
  }
  const Clock::time_point written = Clock::now();
  if (Result<void> done = database_.commit(change); !done)
    return tl::unexpected<Error>(done.error());
  shared_.counters.store_times.add((written - begun) / puts.size(), fits ? puts.size() : 0);
  shared_.counters.commit_times.add(Clock::now() - written);
  return fits;
}

void Writer::insert(Change& change, PutOrder& put, WallTime now, bool full) {
  put.stored = false;
  if (put.what == PutOrder::What::touch) {
    put.stored = touch_object(change, put.object);
    change.touched += put.stored;
    if (put.stored) change.scopes.note_again(change.txn, put.object.meta.scope, now.ms);
    return;
  }
  const bool opens_scope = !change.scopes.knows(put.scope.mac);
  if (opens_scope && (!may_open_scope(put) || change.scopes.lacks_room_for(1))) {
    ++change.not_admitted;
    return;
  }
  if (is_older_than_stored(change.txn, put.object)) return;
  if (refresh_object(change, put.object, put.record)) {
    ++change.touched;
  } else if (!insert_anew(change, put, full)) {
    return;
  }
  change.scopes.note(change.txn, put.scope, now.ms);
  put.stored = true;
  ++change.stored;
}

/// False = not admitted.
bool Writer::insert_anew(Change& change, PutOrder& put, bool full) {
  IndexRecord record = put.record;
  if (const auto frequency = remove_object(change, put.object.key)) {
    record.eviction = {*frequency, EvictionState::kJustUsed};
    ++change.replaced;
  } else {
    const auto newcomer = change.ledger.missed(record, full);
    if (!newcomer.admitted) {
      ++change.not_admitted;
      return false;
    }
    record.eviction = newcomer.state;
  }
  insert_object(change, put.object, record);
  return true;
}

void Writer::settle(std::span<PutOrder> puts, bool committed) {
  for (PutOrder& put : puts) {
    shared_.inbox.release(put.bytes);
    put.object.body.clear();
    if (put.done) put.done(committed && put.stored);
  }
}

/// A lookup could not use the object: is it really damaged, and still there?
Result<void> Writer::check(const CheckOrder& order) {
  if (!database_.is_open()) return {};
  Change change = database_.change();
  if (object_is_whole(change.txn, order.key)) return {};
  remove_object(change, order.key);
  return database_.commit(change);
}

/// No Change may be under way: the environment may be another one afterwards.
void Writer::on_failure(const Error& error, std::size_t puts) {
  StoreCounters& counters = shared_.counters;
  const std::string lost = "; " + std::to_string(puts) + " objects are not stored";
  if (error.code == Error::Code::full) {
    StoreCounters::raise(counters.dropped_map_full, puts);
    database_.complain(error.context + lost);
    if (++full_in_a_row_ < kFullInARow) return;
    full_in_a_row_ = 0;
    if (Result<void> emptied = database_.empty(true); !emptied) {
      database_.begin_anew(emptied.error().context);
    }
    return;
  }
  StoreCounters::raise(counters.failed_commits);
  if (error.code != Error::Code::io) return database_.begin_anew(error.context);
  database_.complain(error.context + lost);
  database_.note_refusal(error);
}

}  // namespace larder
