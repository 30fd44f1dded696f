// SPDX-License-Identifier: Apache-2.0
#include "cache/store/upkeep.h"

#include <cstring>

#include "cache/store/fault.h"
#include "conf/base/log.h"

namespace larder {
namespace {

constexpr unsigned kTicksBetweenSaves = kBetweenSaves / kWriterTick;
constexpr unsigned kTicksOfFullDisk = 60;  ///< ten minutes until the file may grow again
constexpr unsigned kTicksOfLongLife = 60;
constexpr std::chrono::seconds kSaveTime{2};  ///< at the end
constexpr unsigned kLeftOverAtOnce = 64;

std::optional<std::uint32_t> slot_of(std::string_view key) {
  std::uint32_t slot = 0;
  if (key.size() != sizeof slot) return std::nullopt;
  std::memcpy(&slot, key.data(), sizeof slot);
  return slot;
}

}  // namespace

void Upkeep::restore() {
  bool damaged = false;
  double floor = 0;
  std::uint64_t with_use = 0;
  Result<void> read;
  Ledger& ledger = database_.ledger;
  {
    const Environment& environment = database_.environment();
    const ReadTxn txn(environment);
    read = txn.for_each(environment.index, [&](const Row& row) {
      const auto slot = slot_of(row.key);
      const auto record = slot ? decode_index(*slot, row.value) : std::nullopt;
      damaged = !record;
      if (record) ledger.restore(*slot, *record);
      with_use += record && record->eviction.frequency > 0;
      return !damaged;
    });
    const auto saved = txn.get(environment.meta, kFloorKey);
    if (saved && saved->size() == sizeof floor) std::memcpy(&floor, saved->data(), sizeof floor);
  }
  ledger.settle_restored(eviction_tick(monotonic_now()));
  database_.shared.policy->on_restored(floor);
  if (damaged) return database_.begin_anew("a row of the index is damaged");
  if (read) read = remove_left_over();
  if (!read) return database_.begin_anew(read.error().context);
  {
    WriteTxn txn(database_.environment());
    ledger.learn_filling(shared_pages(txn));
    database_.restored(floor, txn.pages_in_use());
  }
  database_.publish();
  if (ledger.objects() == 0) return;
  log(LogLevel::info, "store",
      std::to_string(ledger.objects()) + " objects are back, " + std::to_string(with_use) +
          " of them with what the eviction policy knew of their use");
}

/// Rows that were held for readers of the last run.
Result<void> Upkeep::remove_left_over() {
  for (bool more = true; more;) {
    Change change = database_.change();
    more = HeldRows::remove_left_over(change.txn, kLeftOverAtOnce);
    if (Result<void> done = database_.commit(change); !done) return done;
  }
  return {};
}

Result<void> Upkeep::keep_house() {
  ++ticks_;
  if (!database_.open()) return {};
  database_.environment().drop_dead_readers();
  Result<void> done;
  if (ticks_ % kTicksBetweenSaves == 0) done = save_frequencies(kSlotsSavedAtOnce);
  if (ticks_ % kTicksOfFullDisk == 0) database_.disk.try_again();
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
  const Result<void> done = database_.commit(change);
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

void Upkeep::save_all_frequencies() {
  const Database::Clock::time_point until = Database::Clock::now() + kSaveTime;
  frequencies_saved_to_ = 0;
  while (database_.is_open() && frequencies_saved_to_ < database_.ledger.slots() &&
         Database::Clock::now() < until) {
    if (Result<void> done = save_frequencies(kSlotsSavedAtOnce); !done)
      return database_.complain(done.error().context);
  }
}

}  // namespace larder
