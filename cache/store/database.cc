// SPDX-License-Identifier: Apache-2.0
#include "cache/store/database.h"

#include <algorithm>

#include "conf/base/log.h"

namespace larder {
namespace {

constexpr std::chrono::seconds kOpenAgain{10};
constexpr std::chrono::minutes kComplain{1};

}  // namespace

WriterBounds::WriterBounds(std::uint64_t map_bytes) {
  const std::uint64_t pages = map_bytes / 4096;
  batch.objects = std::clamp<std::uint64_t>(pages / 256, 1, 256);  // each commit is a sync
  batch.bytes = std::min<std::uint64_t>(map_bytes / 64, 8u << 20);
  evictions = static_cast<unsigned>(std::clamp<std::uint64_t>(pages / 128, 2, 500));
  purges = static_cast<unsigned>(std::clamp<std::uint64_t>(pages / 64, 8, 1'000));
}

Database::Database(StoreShared& shared_in, DatabaseFiles files_in, std::uint64_t map_bytes,
                   const KeyHasher& hasher_in, std::size_t max_scopes, std::int64_t reader_hold_ms)
    : shared(shared_in),
      files(std::move(files_in)),
      bounds(map_bytes),
      hasher(hasher_in),
      ledger(*shared.policy, shared.environment()->page_bytes()),
      scopes(max_scopes, shared.scope_uses),
      held(shared.leases, reader_hold_ms, shared.environment()->map_pages()),
      disk(map_bytes),
      map_bytes_(map_bytes),
      environment_(shared.environment()) {}

bool Database::open_at_once() {
  open_again_at_ = {};
  return open();
}

bool Database::open() {
  if (environment_ != nullptr) return true;
  if (Clock::now() < open_again_at_) return false;
  open_again_at_ = Clock::now() + kOpenAgain;
  const Result<std::shared_ptr<Environment>> opened = open_new();
  if (!opened) {
    complain(opened.error().context + "; nothing is stored");
    return false;
  }
  environment_ = *opened;
  shared.leases.begin_anew();
  shared.set_environment(environment_);
  opened_generation_ = shared.generation.fetch_add(1, std::memory_order_release) + 1;
  return true;
}

/// A database that was given up is never opened again: neither ledger nor scopes know its rows, so
/// that a purge would miss them. Until it is moved aside, durably, there is none.
Result<std::shared_ptr<Environment>> Database::open_new() {
  if (!moved_aside_) {
    if (Result<void> moved = quarantine(files); !moved) {
      return tl::unexpected<Error>(std::move(moved.error()));
    }
    moved_aside_ = true;
  }
  auto opened = open_checked(files, map_bytes_, hasher);
  if (opened && ReadTxn(**opened).pages((*opened)->objects).rows > 0) {
    opened = fail(Error::Code::corrupt, "a new data.mdb has rows already");
  }
  if (!opened && opened.error().code == Error::Code::corrupt) moved_aside_ = false;
  return opened;
}

Result<void> Database::commit(Change& change) {
  const double floor = shared.policy->floor();
  if (floor != saved_floor_) {
    change.txn.put(environment_->meta, kFloorKey,
                   {reinterpret_cast<const char*>(&floor), sizeof floor});
  }
  const Result<void> done = change.commit();
  if (!done) return done;
  saved_floor_ = floor;
  live_pages_ = change.pages_in_use;
  if (const auto full = disk.extend(*environment_)) {
    complain(*full + ": the cache stays at its present size");
  }
  StoreCounters& counters = shared.counters;
  StoreCounters::raise(counters.commits);
  StoreCounters::raise(counters.stores, change.stored);
  StoreCounters::raise(counters.replaced, change.replaced);
  StoreCounters::raise(counters.touched, change.touched);
  StoreCounters::raise(counters.evicted, change.evicted);
  StoreCounters::raise(counters.not_admitted, change.not_admitted);
  return done;
}

void Database::restored(double saved_floor, std::uint64_t live_pages) {
  saved_floor_ = saved_floor;
  live_pages_ = live_pages;
  disk.start(*environment_);
}

Result<void> Database::empty(bool by_force) {
  Change change(*environment_, ledger, scopes, held);
  if (!held.begin_removal_of_all(by_force)) {
    return fail(Error::Code::full, "objects are still being read");
  }
  empty_objects(change.txn);
  scopes.empty(change.txn);
  const Result<void> done = commit(change);
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
  moved_aside_ = false;
  open_at_once();
  shared.generation.fetch_add(1, std::memory_order_release);
  publish();
}

void Database::publish() {
  StoreCounters& counters = shared.counters;
  StoreCounters::set(counters.objects, ledger.objects());
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
  const Clock::time_point now = Clock::now();
  if (now < complain_at_) return;
  complain_at_ = now + kComplain;
  log(LogLevel::warning, "store", text);
}

}  // namespace larder
