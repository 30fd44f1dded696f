// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cache/request/canonical.h"
#include "cache/store/writer.h"

// Purges. Rows go in transactions of bounded size; then the metadata page is made durable; then the
// generation is raised, and only then is the purge acknowledged.

namespace larder {
namespace {

constexpr std::size_t kScopePrefix = 16;
#ifdef LARDER_KEY_HASH_BITS
constexpr std::size_t kUrlPrefix = kScopePrefix;  // such keys mix the variant into the URL's place
#else
constexpr std::size_t kUrlPrefix = 32;
#endif
constexpr unsigned kTriesWhenFull = 4;
constexpr std::uint32_t kBehindAllRows = 0xFFFFFFFF;

std::string prefix_of(const CacheKey& key, std::size_t length) {
  return std::string(key.view().substr(0, length));
}

CacheKey cache_key(std::string_view row_key) {
  CacheKey key;
  std::copy_n(row_key.begin(), key.bytes.size(), key.bytes.begin());
  return key;
}

}  // namespace

void StoreWriter::purge(PurgeJob& job) {
  const std::uint64_t before = ledger_.objects();
  Result<std::uint64_t> removed = fail(Error::Code::io, "there is no database");
  open_again_at_ = {};  // whoever purges wants to know now
  if (open_again()) removed = erase_patiently(job.order);
  if (!removed && removed.error().code != Error::Code::io) {
    // Too full or too damaged to delete from: what goes with the rest is purged as well.
    begin_anew(removed.error().context);
    if (environment_ != nullptr) removed = before;
  }
  if (removed) {
    if (Result<void> done = environment_->sync(); !done) {
      removed = tl::unexpected<Error>(done.error());
    }
  }
  shared_.generation.fetch_add(1, std::memory_order_release);
  publish();
  PurgeResult result;
  if (removed) {
    result.objects = *removed;
    StoreCounters::raise(shared_.counters.purged, *removed);
  } else {
    result.error = removed.error();
    complain("a purge failed: " + removed.error().context);
  }
  if (job.done) job.done(std::move(result));
}

/// Deleting takes pages as well: where the map has none, others leave first.
Result<std::uint64_t> StoreWriter::erase_patiently(const PurgeOrder& order) {
  Result<std::uint64_t> removed = erase(order);
  for (unsigned tries = 1; tries < kTriesWhenFull; ++tries) {
    if (removed || removed.error().code != Error::Code::full) break;
    StoreCounters::raise(shared_.counters.map_full);
    for (unsigned i = 0; i < tries; ++i) evict_some(bounds_.purges);
    removed = erase(order);
  }
  return removed;
}

Result<std::uint64_t> StoreWriter::erase(const PurgeOrder& order) {
  if (order.what == PurgeOrder::What::scope) return erase_scopes(scopes_.matching(order));
  if (order.what == PurgeOrder::What::url) return erase_targets(url_targets(order));
  const std::uint64_t all = ledger_.objects();
  const Result<void> emptied = empty_all();
  if (emptied) return all;
  if (emptied.error().code != Error::Code::full) return tl::unexpected<Error>(emptied.error());
  // The list of freed pages found no room in one piece.
  return erase_targets({PurgeTarget{}});
}

Result<void> StoreWriter::empty_all() {
  Change change(*environment_, ledger_, scopes_);
  empty_objects(change.txn);
  scopes_.empty(change.txn);
  const Result<void> done = commit(change);
  if (!done) return done;
  ledger_.clear();
  scopes_.clear();
  evicting_ = false;
  return done;
}

/// Scopes with all that is in them, and their rows.
Result<std::uint64_t> StoreWriter::erase_scopes(const std::vector<ScopeMac>& scopes) {
  std::vector<PurgeTarget> targets;
  for (const ScopeMac& mac : scopes) targets.push_back(scope_target(mac));
  const Result<std::uint64_t> removed = erase_targets(targets);
  if (!removed) return removed;
  Change change(*environment_, ledger_, scopes_);
  for (const ScopeMac& mac : scopes) scopes_.forget(change.txn, mac);
  if (Result<void> done = commit(change); !done) return tl::unexpected<Error>(done.error());
  return removed;
}

StoreWriter::PurgeTarget StoreWriter::scope_target(const ScopeMac& mac) const {
  return {prefix_of(hasher_.key(mac, "", 0), kScopePrefix), mac, ""};
}

std::vector<StoreWriter::PurgeTarget> StoreWriter::url_targets(const PurgeOrder& order) const {
  CanonicalRequest request;
  request.path = order.path;
  request.query = order.query;
  std::string canonical;
  const std::size_t url_length = write_canonical_bytes(request, canonical);
  const std::string url = canonical.substr(0, url_length);
  std::vector<PurgeTarget> targets;
  for (const ScopeMac& mac : scopes_.matching(order)) {
    targets.push_back({prefix_of(hasher_.key(mac, canonical, url_length), kUrlPrefix), mac, url});
  }
  return targets;
}

Result<std::uint64_t> StoreWriter::erase_targets(const std::vector<PurgeTarget>& targets) {
  std::uint64_t total = 0;
  std::string position;
  auto target = targets.begin();
  while (target != targets.end()) {
    Change change(*environment_, ledger_, scopes_);
    std::uint64_t removed = 0;
    while (target != targets.end() && erase_some(change, *target, position, removed)) {
      position.clear();
      ++target;
    }
    if (Result<void> done = commit(change); !done) return tl::unexpected<Error>(done.error());
    total += removed;
  }
  return total;
}

/// Goes on behind `position`. True = the target is done (or the transaction has failed, which its
/// commit will tell); false = the transaction has done enough.
bool StoreWriter::erase_some(Change& change, const PurgeTarget& target, std::string& position,
                             std::uint64_t& removed) const {
  if (position.empty()) position = target.prefix.empty() ? std::string(1, '\0') : target.prefix;
  struct Found {
    CacheKey key;
    bool has_head;
  };
  std::vector<Found> found;
  CacheKey last;  // whose head came last
  bool done = true;
  change.txn.scan(environment_->objects, position, kRowKeyBytes, [&](const Row& row) {
    if (!row.key.starts_with(target.prefix)) return false;
    const CacheKey key = cache_key(row.key);
    const bool is_head = row.key == ObjectRowKey(key).view();
    if (!is_head && key == last) return true;
    last = key;
    // What has no head of its own, or no whole one, goes too.
    if (is_head && !selects(target, key, row.value)) return true;
    done = removed + found.size() < bounds_.purges;
    if (done) found.push_back({key, is_head});
    return done;
  });
  for (const Found& one : found) {
    // Seen in passing, but not when searched for: the branches above are damaged.
    const ObjectRowKey head(one.key);
    if (one.has_head && !change.txn.get(environment_->objects, head.view())) {
      change.txn.fail_as_damaged("rows out of reach");
    }
    remove_object(change, one.key);
    if (one.has_head) ++removed;
  }
  if (!found.empty()) position = ObjectRowKey(found.back().key, kBehindAllRows).view();
  return done;
}

bool StoreWriter::selects(const PurgeTarget& target, const CacheKey& key,
                          std::string_view head_row) {
  const auto head = decode_object_head(key, head_row);
  if (!head) return true;
  if (target.scope && head->meta.scope != *target.scope) return false;
  return head->canonical.starts_with(target.url);
}

}  // namespace larder
