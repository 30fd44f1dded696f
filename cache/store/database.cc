// SPDX-License-Identifier: Apache-2.0
#include "cache/store/database.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "cache/store/epoch_rows.h"
#include "cache/store/restore.h"
#include "cache/store/snapshot_restore.h"
#include "conf/base/log.h"

namespace larder {
namespace {

constexpr std::chrono::minutes kComplain{1};

std::uint64_t system_page_bytes() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

WriterBounds::WriterBounds(std::uint64_t map_bytes) {
  const std::uint64_t pages = map_bytes / 4096;
  batch.objects = std::clamp<std::uint64_t>(pages / 256, 1, 256);  // each commit is a sync
  batch.bytes = std::min<std::uint64_t>(map_bytes / 64, 8u << 20);
  evictions = static_cast<unsigned>(std::clamp<std::uint64_t>(pages / 128, 2, 500));
  purges = static_cast<unsigned>(std::clamp<std::uint64_t>(pages / 64, 8, 1'000));
}

Database::Database(StoreShared& shared_in, CacheDirectory directory, std::uint64_t map_bytes,
                   const KeyHasher& hasher_in, std::size_t max_scopes, std::int64_t reader_hold_ms)
    : shared(shared_in),
      files(directory.path()),
      bounds(map_bytes),
      hasher(hasher_in),
      ledger(*shared.policy, system_page_bytes()),
      scopes(max_scopes, shared.scope_uses),
      held(shared.leases, reader_hold_ms, map_bytes / system_page_bytes()),
      disk(map_bytes),
      directory_(std::move(directory)),
      map_bytes_(map_bytes) {}

void Database::open_first() {
  remove_unfinished_restore(files.directory);
  FirstDatabase first = larder::open_first(files, map_bytes_, hasher);
  if (first.environment != nullptr) {
    if (const Result<void> learned = learn_epochs(*first.environment); !learned) {
      log(LogLevel::warning, "store",
          learned.error().context + "; nothing is found until it works");
      first.environment.reset();
      first.given_up = learned.error().code == Error::Code::corrupt;
    }
  }
  if (first.given_up) state_ = State::given_up;
  look_for_quarantined();
  shared.set_environment(first.environment);
  if (first.environment != nullptr && !first.read_only) {
    environment_ = std::move(first.environment);
    state_ = State::loading;
  }
  opened_generation_ = shared.generation.load();
  publish();
}

bool Database::open_at_once() {
  openings_.succeeded();
  return open();
}

bool Database::open() {
  if (state_ == State::open) return true;
  if (!openings_.due(Clock::now())) return false;
  if (environment_ == nullptr) {
    Result<std::shared_ptr<Environment>> opened = open_existing();
    if (!opened) {
      openings_.failed(Clock::now());
      complain(opened.error().context + "; nothing is stored");
      serve_readers();
      return false;
    }
    take(*opened);
  }
  if (readers_have_moved() && load()) return true;
  if (state_ == State::loading) openings_.failed(Clock::now());
  return state_ == State::open;
}

/// A database that was given up is never opened again: purges of this run may have missed its rows.
/// Until it is moved aside, durably, there is none.
Result<std::shared_ptr<Environment>> Database::open_existing() {
  if (!directory_.in_place()) {
    return fail(Error::Code::io,
                "cache.path is not the directory any more that larderd has locked");
  }
  if (state_ == State::given_up) {
    if (Result<void> moved = quarantine(files); !moved) {
      return tl::unexpected<Error>(std::move(moved.error()));
    }
    state_ = State::none;
    look_for_quarantined();
  }
  auto opened = open_checked(files, map_bytes_, hasher);
  if (opened) {
    if (Result<void> learned = learn_epochs(**opened); !learned) {
      opened = tl::unexpected<Error>(std::move(learned.error()));
    }
  }
  if (!opened && opened.error().code == Error::Code::corrupt) state_ = State::given_up;
  return opened;
}

/// Before anything of it is looked up. What memory knows besides is written with the next commit.
Result<void> Database::learn_epochs(const Environment& environment) {
  const bool knew = shared.epochs.last() > 0;
  Result<void> done = load_epochs(environment, shared.epochs);
  keeps_all_epochs_ = knew;
  return done;
}

void Database::keep_with_next_commit(const EpochChange& purged) {
  constexpr std::size_t kMostUnkept = 4'096;
  unkept_.add(purged);
  if (unkept_.rows() <= kMostUnkept) return;
  unkept_ = {};
  keeps_all_epochs_ = true;
}

void Database::write_unkept_epochs(WriteTxn& txn) const {
  if (keeps_all_epochs_) return write_all_epochs(txn, shared.epochs);
  if (unkept_.rows() > 0) write_epochs(txn, unkept_, shared.epochs);
}

/// The next environment; readers follow at their next lookup.
void Database::take(std::shared_ptr<Environment> environment) {
  environment_ = std::move(environment);
  shared.leases.begin_anew();
  shared.set_environment(environment_);
  opened_generation_ = shared.generation.fetch_add(1) + 1;
  state_ = State::loading;
}

/// Where nothing can be written, lookups go on as long as the file can be read.
void Database::serve_readers() {
  const std::shared_ptr<Environment> now = shared.environment();
  if (state_ != State::given_up && now != nullptr && now->usable()) return;
  std::shared_ptr<Environment> next;
  if (state_ != State::given_up) next = open_read_only(files, hasher).value_or(nullptr);
  if (next != nullptr && !learn_epochs(*next)) next = nullptr;
  if (next == now) return;
  shared.set_environment(std::move(next));
  shared.generation.fetch_add(1);
}

/// Nothing may be written to a file while anybody reads it by another environment: neither's table
/// of readers knows the other's.
bool Database::readers_have_moved() {
  constexpr int kTries = 1'000;
  for (int i = 0; i < kTries; ++i) {
    if (shared.readers_are_past(opened_generation_)) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

/// Reads what memory has to know before anything is written.
bool Database::load() {
  forget_all();
  const Result<void> read = read_all();
  if (read) {
    state_ = State::open;
    openings_.succeeded();
    disk.start(*environment_);
    if (const auto full = disk.extend(*environment_, Clock::now())) complain_of_full_disk(*full);
  } else if (read.error().code == Error::Code::io) {
    complain(read.error().context + "; nothing is stored");
  } else {
    begin_anew(read.error().context);
  }
  publish();
  return is_open();
}

Result<void> Database::read_all() {
  if (Result<void> done = scopes.load(*environment_); !done) return done;
  const Result<Restored> restored =
      restore_ledger(*environment_, ledger, [this] { shared.inbox.note_step(); });
  if (!restored) return tl::unexpected<Error>(restored.error());
  shared.policy->on_restored(restored->floor);
  WriteTxn txn(*environment_);
  ledger.learn_filling(shared_pages(txn));
  saved_floor_ = restored->floor;
  live_pages_ = txn.pages_in_use();
  if (ledger.objects() == 0) return {};
  log(LogLevel::info, "store",
      std::to_string(ledger.objects()) + " objects are back, " +
          std::to_string(restored->with_use) +
          " of them with what the eviction policy knew of their use");
  return {};
}

Result<void> Database::commit(Change& change) {
  const double floor = shared.policy->floor();
  if (floor != saved_floor_) {
    change.txn.put(environment_->meta, kFloorKey,
                   {reinterpret_cast<const char*>(&floor), sizeof floor});
  }
  write_unkept_epochs(change.txn);
  Result<void> done = change.commit();
  if (!done) {
    make_way_for_pages(done.error());
    return done;
  }
  unkept_ = {};
  keeps_all_epochs_ = false;
  saved_floor_ = floor;
  live_pages_ = change.pages_in_use;
  note_success();
  StoreCounters& counters = shared.counters;
  StoreCounters::raise(counters.commits);
  StoreCounters::raise(counters.stores, change.stored);
  StoreCounters::raise(counters.replaced, change.replaced);
  StoreCounters::raise(counters.touched, change.touched);
  StoreCounters::raise(counters.evicted, change.evicted);
  StoreCounters::raise(counters.not_admitted, change.not_admitted);
  return done;
}

/// A snapshot keeps freed pages from being used: where the map has none, it ends, and the next try
/// finds them.
void Database::make_way_for_pages(const Error& error) const {
  if (error.code != Error::Code::full) return;
  shared.snapshot_gate.make_way("the store found no free page and needed those that it kept");
}

void Database::look_for_room() {
  if (!disk.full()) return;
  if (writes_.failing()) disk.ask_at_once();
  if (const auto full = disk.extend(*environment_, Clock::now())) complain_of_full_disk(*full);
  if (disk.full() || writes_.failing()) return;
  complain_at_ = {};
  log(LogLevel::info, "store", "the disk has room again");
}

/// Of a commit.
void Database::note_success() {
  const bool was_full = disk.full();
  // Nothing may leave for want of room that there is: the refusal may have been another one.
  if (writes_.failing()) disk.ask_at_once();
  if (const auto full = disk.extend(*environment_, Clock::now())) complain_of_full_disk(*full);
  const std::uint64_t file_bytes = environment_->file_pages() * environment_->page_bytes();
  if (file_bytes + quarantined_bytes_ > map_bytes_) drop_quarantined();
  if (!writes_.failing() && was_full == disk.full()) return;
  writes_.succeeded();
  if (disk.full()) return;
  shared.set_trouble("");
  complain_at_ = {};
  log(LogLevel::info, "store", "the disk takes writes again");
}

Result<void> Database::empty(bool by_force) {
  Change change(*environment_, ledger, scopes, held);
  if (!held.begin_removal_of_all(by_force)) {
    return fail(Error::Code::full, "objects are still being read");
  }
  empty_objects(change.txn);
  scopes.empty(change.txn);
  Result<void> done = commit(change);
  if (done) forget_all();
  return done;
}

void Database::forget_all() {
  ledger.clear();
  scopes.clear();
  held.clear();
}

void Database::begin_anew(const std::string& why) {
  log(LogLevel::warning, "store", "the database is moved aside, the cache begins empty: " + why);
  StoreCounters::raise(shared.counters.begun_anew);
  forget_all();
  disk.forget();
  live_pages_ = 0;
  environment_.reset();
  shared.set_environment(nullptr);
  state_ = State::given_up;
  open_at_once();
  shared.generation.fetch_add(1, std::memory_order_release);
  publish();
}

void Database::note_refusal(const Error& error) {
  const Clock::time_point now = Clock::now();
  writes_.failed(now);
  if (state_ == State::open) disk.note_full(*environment_, now);
  if (environment_ == nullptr || environment_->usable()) return;
  log(LogLevel::warning, "store", error.context + ": the database is opened again");
  environment_.reset();
  state_ = State::none;
  open_at_once();
}

void Database::look_for_quarantined() {
  struct stat status {};
  const bool found = ::stat(files.quarantined.c_str(), &status) == 0 && S_ISREG(status.st_mode);
  quarantined_bytes_ = found ? static_cast<std::uint64_t>(status.st_blocks) * 512 : 0;
}

/// It may stay for a look as long as both are within `cache.size`.
void Database::drop_quarantined() {
  if (quarantined_bytes_ == 0) return;
  if (::unlink(files.quarantined.c_str()) == 0) {
    log(LogLevel::info, "store", files.quarantined + " is removed: its room is needed");
  }
  quarantined_bytes_ = 0;
}

void Database::complain_of_full_disk(const std::string& text) {
  drop_quarantined();
  complain(text + ": the cache stays at its present size");
}

StoreState Database::state() const {
  if (state_ != State::open) {
    return shared.environment() != nullptr ? StoreState::read_only : StoreState::none;
  }
  if (writes_.failing()) return StoreState::refused;
  return disk.full() ? StoreState::disk_full : StoreState::writes;
}

void Database::publish() {
  StoreCounters& counters = shared.counters;
  StoreCounters::set(counters.state, static_cast<std::uint64_t>(state()));
  // Until the index is read, the number of its rows stands.
  if (is_open() || shared.environment() == nullptr) {
    StoreCounters::set(counters.objects, ledger.objects());
  }
  StoreCounters::set(counters.live_pages, live_pages_);
  StoreCounters::set(counters.scopes, scopes.size());
  StoreCounters::set(counters.held_objects, held.objects());
  StoreCounters::set(counters.held_pages, held.pages());
  StoreCounters::set(counters.readers_cut, held.cut_off());
  if (environment_ == nullptr) return;
  StoreCounters::set(counters.file_pages, environment_->file_pages());
  StoreCounters::set(counters.readers, environment_->readers_used());
}

void Database::complain(const std::string& text) {
  shared.set_trouble(text);
  const Clock::time_point now = Clock::now();
  if (now < complain_at_) return;
  complain_at_ = now + kComplain;
  log(LogLevel::warning, "store", text);
}

}  // namespace larder
