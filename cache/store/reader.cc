// SPDX-License-Identifier: Apache-2.0
#include "cache/store/reader.h"

#include <cstring>

#include "cache/store/fault.h"
#include "cache/store/format.h"

namespace larder {

// The generation is read before the snapshot is taken: one that a purge overtakes in between is
// newer than it says, and only renewed once too often.
bool StoreReader::Impl::ready() noexcept {
  while (true) {
    const std::uint64_t now = shared.generation.load(std::memory_order_acquire);
    if (snapshot && generation == now && snapshot->taken()) return true;
    if (snapshot) snapshot->let_go();
    turn.store(now);
    if (shared.generation.load() == now) return take_snapshot(now);
  }
}

bool StoreReader::Impl::take_snapshot(std::uint64_t now) noexcept {
  if (snapshot && generation == now) return snapshot->take();
  std::shared_ptr<Environment> environment = shared.environment();
  if (!snapshot || snapshot->environment() != environment.get()) {
    snapshot.reset();
    checked.clear();
    if (environment == nullptr) return false;
    snapshot = std::make_unique<Snapshot>(std::move(environment));
  }
  generation = now;
  return snapshot->take();
}

std::optional<std::string_view> StoreReader::Impl::row(Table Environment::*table,
                                                       std::string_view key) noexcept {
  std::string_view found;
  switch (snapshot->get(snapshot->environment()->*table, key, found)) {
    case Snapshot::Found::yes:
      return found;
    case Snapshot::Found::no:
      return std::nullopt;
    case Snapshot::Found::damaged:
      break;
  }
  StoreCounters::raise(shared.counters.corrupt);
  shared.inbox.report(DamageReport{generation});
  return std::nullopt;
}

std::uint64_t CheckedRows::tag_of(const CacheKey& key) {
  std::uint64_t parts[5];
  std::memcpy(parts, key.bytes.data(), sizeof parts);
  // Hashes all: scope, URL (twice), variant. Never 0, which is no key's.
  return (parts[0] ^ parts[2] ^ (parts[4] << 1)) | 1u << 31;
}

void StoreReader::Impl::report(const CacheKey& key) {
  StoreCounters::raise(shared.counters.corrupt);
  shared.inbox.report(CheckOrder{key});
}

StoreReader::StoreReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StoreReader::StoreReader(StoreReader&&) noexcept = default;
StoreReader::~StoreReader() = default;

std::optional<ObjectView> StoreReader::Impl::object(const CacheKey& key, WallTime now) {
  const std::uint64_t tag = CheckedRows::tag_of(key);
  CheckedRows::Place& place = checked.place_of(tag);
  const std::uint64_t seen = snapshot->id();
  const bool found = place.tag == tag && place.snapshot == seen;
  const auto row = found ? place.row() : this->row(&Environment::objects, key.view());
  if (!row) return std::nullopt;
  if (place.tag == tag) {
    Result<ObjectView> known = read_object(*row);
    if (known && place.vouches_for(*row, known->sequence, now)) {
      place.snapshot = seen;
      return settle_purges(*known, place.clean_at, now) ? std::optional(*known) : std::nullopt;
    }
  }
  Result<ObjectView> view = decode_object(key, *row);
  if (!view) {
    place = {};
    report(key);
    return std::nullopt;
  }
  place = {tag,        row->data(),    row->size(),
           seen,       view->sequence, now.ms + CheckedRows::kTrustMs,
           view->epoch};
  return settle_purges(*view, place.clean_at, now) ? std::optional(*view) : std::nullopt;
}

bool StoreReader::Impl::settle_purges(ObjectView& object, std::uint64_t& clean_at,
                                      WallTime now) const noexcept {
  if (!shared.unknown.empty()) {
    object.meta.lifetime = shared.unknown.bounded(object.meta.lifetime, object.place, now);
  }
  const std::uint64_t last = shared.epochs.last();
  if (clean_at == last) return true;
  const auto purged = shared.epochs.purged_since(object.epoch, object.place, object.tags,
                                                 shared.soft_for.load(std::memory_order_relaxed));
  if (!purged) {
    clean_at = last;
    return true;
  }
  object.purged = true;
  object.meta.lifetime = purged_lifetime(object.meta.lifetime, purged->soft_until, now);
  return !purged->hard;
}

std::optional<ObjectView> StoreReader::lookup(const CacheKey& key, std::string_view canonical,
                                              const ScopeMac& scope, WallTime now) {
  // Once more where an object is removed while it is looked at.
  for (int tries = 0; tries < 2; ++tries) {
    if (!impl_->ready()) return std::nullopt;
    const FaultGuard guard;
    const auto view = impl_->object(key, now);
    if (!view) return std::nullopt;
    if (view->canonical != canonical || view->meta.scope != scope) {
      StoreCounters::raise(impl_->shared.counters.collisions);
      return std::nullopt;
    }
    if (view->chunk_count == 0 || impl_->lease(*view)) {
      impl_->shared.scope_uses.note(scope, static_cast<std::uint32_t>(now.ms / 1'000));
      return *view;
    }
    impl_->snapshot->let_go();
  }
  return std::nullopt;
}

bool StoreReader::Impl::lease(const ObjectView& object) {
  const auto taken = shared.leases.take(object.sequence, snapshot->id(), turn_lease);
  return taken != LeaseTable::Taken::outdated;
}

ReaderLease StoreReader::lease(const ObjectView& object) {
  if (!impl_->turn_lease.is_of(object.sequence)) {
    if (object.chunk_count == 0 || !impl_->snapshot) return {};
    impl_->lease(object);
  }
  return std::move(impl_->turn_lease);
}

std::optional<std::string_view> StoreReader::chunk(const CacheKey& key, std::uint64_t sequence,
                                                   std::uint32_t index) {
  if (!impl_->ready()) return std::nullopt;
  const FaultGuard guard;
  const auto row = impl_->row(&Environment::chunks, ChunkRowKey(sequence, index).view());
  if (!row) return std::nullopt;
  const Result<std::string_view> bytes = decode_chunk(key, sequence, index, *row);
  if (bytes) return *bytes;
  if (bytes.error().code == Error::Code::corrupt) impl_->report(key);
  return std::nullopt;
}

void StoreReader::report(const CacheKey& key) noexcept {
  impl_->report(key);
}

bool StoreReader::may_hold_scope_of(const CacheKey& key) {
  constexpr std::size_t kScopePrefix = 16;
  if (!impl_->ready()) return impl_->shared.environment() != nullptr;
  const FaultGuard guard;
  return impl_->snapshot->has_prefix(key.view().substr(0, kScopePrefix));
}

void StoreReader::count_hit(std::uint32_t slot, EvictionTick now) noexcept {
  impl_->shared.policy->on_hit(slot, now);
}

std::uint32_t StoreReader::uses(std::uint32_t slot) const noexcept {
  return impl_->shared.policy->uses(slot);
}

void StoreReader::end_turn() noexcept {
  if (!impl_) return;
  impl_->turn_lease.end();
  if (impl_->snapshot) impl_->snapshot->let_go();
  if (impl_->turn.load(std::memory_order_relaxed) != 0) {
    impl_->turn.store(0, std::memory_order_release);
  }
}

}  // namespace larder
