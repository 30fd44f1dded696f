// SPDX-License-Identifier: Apache-2.0
#include "cache/store/upkeep.h"

#include "cache/store/fault.h"

namespace larder {
namespace {

constexpr unsigned kTicksBetweenSaves = kBetweenSaves / kWriterTick;
constexpr unsigned kTicksOfLongLife = 60;
constexpr unsigned kLeftOverAtOnce = 64;

}  // namespace

/// Rows that were held for readers of an earlier run, or of a database that was opened again.
Result<void> Upkeep::remove_left_over() {
  if (!database_.is_open() || left_over_of_ == database_.opened_generation()) return {};
  if (!database_.held.empty()) return {};  // of this run, and still read
  for (bool more = true; more;) {
    Change change = database_.change();
    more = HeldRows::remove_left_over(change.txn, kLeftOverAtOnce);
    if (Result<void> done = database_.commit(change); !done) return done;
  }
  left_over_of_ = database_.opened_generation();
  return {};
}

Result<void> Upkeep::keep_house() {
  ++ticks_;
  if (!database_.open()) return {};
  database_.environment().drop_dead_readers();
  Result<void> done = remove_left_over();
  if (done && ticks_ % kTicksBetweenSaves == 0) done = save_frequencies(kSlotsSavedAtOnce);
  if (ticks_ == kTicksOfLongLife) forget_marked_deaths(database_.files.directory);
  database_.publish();
  return done;
}

Result<void> Upkeep::sweep_held_rows() {
  if (database_.held.empty() || !database_.is_open()) return {};
  const std::size_t before = database_.held.objects();
  Change change = database_.change();
  change.held.sweep(change.txn, change.now);
  if (change.held.objects() == before) return {};
  Result<void> done = database_.commit(change);
  database_.publish();
  return done;
}

/// The next `slots` slots, going round.
Result<void> Upkeep::save_frequencies(std::uint32_t slots) {
  Ledger& ledger = database_.ledger;
  if (frequencies_saved_to_ >= ledger.slots()) frequencies_saved_to_ = 0;
  const auto changed = ledger.unsaved_frequencies(frequencies_saved_to_, slots);
  frequencies_saved_to_ += slots;
  if (changed.empty()) return {};
  const Table index = database_.environment().index;
  Change change = database_.change();
  for (const std::uint32_t slot : changed) {
    const auto bytes = change.txn.get(index, SlotKey(slot).view());
    auto record = bytes ? decode_index(slot, *bytes) : std::nullopt;
    if (!record) continue;
    record->eviction = ledger.eviction_state(slot);
    const auto row = encode_index(slot, *record);
    change.txn.put(index, SlotKey(slot).view(), {row.data(), row.size()});
  }
  return database_.commit(change);
}

void Upkeep::save_all_frequencies(Database::Clock::time_point until) {
  frequencies_saved_to_ = 0;
  while (database_.is_open() && frequencies_saved_to_ < database_.ledger.slots() &&
         Database::Clock::now() < until) {
    if (Result<void> done = save_frequencies(kSlotsSavedAtOnce); !done)
      return database_.complain(done.error().context);
  }
}

}  // namespace larder
