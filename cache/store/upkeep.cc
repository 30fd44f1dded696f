// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "cache/store/fault.h"
#include "cache/store/writer.h"
#include "conf/base/log.h"

namespace larder {
namespace {

constexpr unsigned kFullInARow = 3;
constexpr unsigned kTicksBetweenSaves = kBetweenSaves / kWriterTick;
constexpr unsigned kTicksOfFullDisk = 60;  ///< ten minutes until the file may grow again
constexpr unsigned kTicksOfLongLife = 60;
constexpr std::chrono::seconds kSaveTime{2};  ///< at the end
constexpr std::chrono::seconds kOpenAgain{10};
constexpr std::chrono::minutes kComplain{1};

std::optional<std::uint32_t> slot_of(std::string_view key) {
  std::uint32_t slot = 0;
  if (key.size() != sizeof slot) return std::nullopt;
  std::memcpy(&slot, key.data(), sizeof slot);
  return slot;
}

}  // namespace

/// Gives the ledger, and with it the eviction policy, what the index knows. Lookups do not wait for
/// it, puts do.
void StoreWriter::restore() {
  bool damaged = false;
  double floor = 0;
  std::uint64_t with_use = 0;
  Result<void> read;
  {
    const ReadTxn txn(*environment_);
    read = txn.for_each(environment_->index, [&](const Row& row) {
      const auto slot = slot_of(row.key);
      const auto record = slot ? decode_index(*slot, row.value) : std::nullopt;
      damaged = !record;
      if (record) ledger_.restore(*slot, *record);
      with_use += record && record->eviction.frequency > 0;
      return !damaged;
    });
    const auto saved = txn.get(environment_->meta, kFloorKey);
    if (saved && saved->size() == sizeof floor) std::memcpy(&floor, saved->data(), sizeof floor);
    saved_floor_ = floor;
  }
  ledger_.settle_restored(eviction_tick(monotonic_now()));
  shared_.policy->on_restored(floor);
  if (damaged) return begin_anew("a row of the index is damaged");
  if (!read) return begin_anew(read.error().context);
  WriteTxn txn(*environment_);
  ledger_.learn_filling(shared_pages(txn));
  live_pages_ = txn.pages_in_use();
  reserved_to_ = environment_->file_pages();
  publish();
  if (ledger_.objects() == 0) return;
  log(LogLevel::info, "store",
      std::to_string(ledger_.objects()) + " objects are back, " + std::to_string(with_use) +
          " of them with what the eviction policy knew of their use");
}

void StoreWriter::keep_house() {
  ++ticks_;
  if (!open_again()) return;
  environment_->drop_dead_readers();
  if (ticks_ % kTicksBetweenSaves == 0) {
    if (Result<void> done = save_frequencies(kSlotsSavedAtOnce); !done) on_failure(done.error(), 0);
    if (environment_ == nullptr) return;
  }
  if (ticks_ % kTicksOfFullDisk == 0) disk_full_at_ = 0;
  if (ticks_ == kTicksOfLongLife) forget_marked_deaths(files_.directory);
  publish();
}

/// The next `slots` slots, going round.
Result<void> StoreWriter::save_frequencies(std::uint32_t slots) {
  if (frequencies_saved_to_ >= ledger_.slots()) frequencies_saved_to_ = 0;
  const auto changed = ledger_.unsaved_frequencies(frequencies_saved_to_, slots);
  frequencies_saved_to_ += slots;
  if (changed.empty()) return {};
  Change change(*environment_, ledger_, scopes_);
  for (const std::uint32_t slot : changed) {
    const auto bytes = change.txn.get(environment_->index, SlotKey(slot).view());
    auto record = bytes ? decode_index(slot, *bytes) : std::nullopt;
    if (!record) continue;
    record->eviction = ledger_.eviction_state(slot);
    const auto row = encode_index(slot, *record);
    change.txn.put(environment_->index, SlotKey(slot).view(), {row.data(), row.size()});
  }
  return commit(change);
}

void StoreWriter::save_all_frequencies() {
  const Clock::time_point until = Clock::now() + kSaveTime;
  frequencies_saved_to_ = 0;
  while (environment_ != nullptr && frequencies_saved_to_ < ledger_.slots() &&
         Clock::now() < until) {
    if (Result<void> done = save_frequencies(kSlotsSavedAtOnce); !done)
      return complain(done.error().context);
  }
}

void StoreWriter::publish() {
  StoreCounters& counters = shared_.counters;
  StoreCounters::set(counters.objects, ledger_.objects());
  StoreCounters::set(counters.live_pages, live_pages_);
  StoreCounters::set(counters.scopes, scopes_.size());
  if (environment_ == nullptr) return;
  StoreCounters::set(counters.file_pages, environment_->file_pages());
  StoreCounters::set(counters.readers, environment_->readers_used());
}

/// Is there a database? Where there is none, tries to make one now and then.
bool StoreWriter::open_again() {
  if (environment_ != nullptr) return true;
  if (Clock::now() < open_again_at_) return false;
  open_again_at_ = Clock::now() + kOpenAgain;
  const Result<std::shared_ptr<Environment>> opened = open_new();
  if (!opened) {
    complain(opened.error().context + "; nothing is stored");
    return false;
  }
  environment_ = *opened;
  shared_.set_environment(environment_);
  opened_generation_ = shared_.generation.fetch_add(1, std::memory_order_release) + 1;
  return true;
}

/// A database that was given up is never opened again: neither ledger nor scopes know its rows, so
/// that a purge would miss them. Until it is moved aside, durably, there is none.
Result<std::shared_ptr<Environment>> StoreWriter::open_new() {
  if (!moved_aside_) {
    if (Result<void> moved = quarantine(files_); !moved) {
      return tl::unexpected<Error>(std::move(moved.error()));
    }
    moved_aside_ = true;
  }
  auto opened = open_checked(files_, map_bytes_, hasher_);
  if (opened && ReadTxn(**opened).pages((*opened)->objects).rows > 0) {
    opened = fail(Error::Code::corrupt, "a new data.mdb has rows already");
  }
  if (!opened && opened.error().code == Error::Code::corrupt) moved_aside_ = false;
  return opened;
}

void StoreWriter::on_failure(const Error& error, std::size_t puts) {
  StoreCounters& counters = shared_.counters;
  if (error.code == Error::Code::full) {
    StoreCounters::raise(counters.dropped_map_full, puts);
    complain(error.context + "; " + std::to_string(puts) + " objects are not stored");
    if (++full_in_a_row_ < kFullInARow) return;
    full_in_a_row_ = 0;
    if (Result<void> emptied = empty_all(); !emptied) begin_anew(emptied.error().context);
    return;
  }
  StoreCounters::raise(counters.failed_commits);
  if (error.code != Error::Code::io) return begin_anew(error.context);
  complain(error.context + "; " + std::to_string(puts) + " objects are not stored");
  // A full disk: within what the file has already, storing goes on.
  if (environment_ != nullptr) disk_full_at_ = environment_->file_pages();
}

/// Gives the database up and takes a new one; readers follow at their next lookup.
void StoreWriter::begin_anew(const std::string& why) {
  log(LogLevel::warning, "store", "the database is moved aside, the cache begins empty: " + why);
  StoreCounters::raise(shared_.counters.begun_anew);
  ledger_.clear();
  scopes_.clear();
  evicting_ = false;
  full_in_a_row_ = 0;
  disk_full_at_ = 0;
  reserved_to_ = 0;
  live_pages_ = 0;
  environment_.reset();
  shared_.set_environment(nullptr);
  moved_aside_ = false;
  open_again_at_ = {};
  open_again();
  shared_.generation.fetch_add(1, std::memory_order_release);
  publish();
}

void StoreWriter::complain(const std::string& text) {
  const Clock::time_point now = Clock::now();
  if (now < complain_at_) return;
  complain_at_ = now + kComplain;
  log(LogLevel::warning, "store", text);
}

}  // namespace larder
