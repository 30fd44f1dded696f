// SPDX-License-Identifier: Apache-2.0
#include "cache/store/purge.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "cache/request/canonical.h"
#include "cache/store/epoch_rows.h"
#include "cache/tags/place.h"
#include "cache/tags/tag_set.h"

namespace larder {
namespace {

constexpr std::size_t kScopePrefix = 16;
#ifdef LARDER_KEY_HASH_BITS
constexpr std::size_t kUrlPrefix = kScopePrefix;  // such keys mix the variant into the URL's place
#else
constexpr std::size_t kUrlPrefix = 32;
#endif
constexpr unsigned kTriesWhenFull = 4;
constexpr std::size_t kMostLabels = 4'096;

std::string prefix_of(const CacheKey& key, std::size_t length) {
  return std::string(key.view().substr(0, length));
}

template <class Value>
void make_unique(std::vector<Value>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

void Purger::purge(PurgeJob& job) {
  if (job.order.dry_run) return only_count(job);
  if (job.order.raises_epochs()) return purge_by_tags(job);
  const std::uint64_t before = database_.ledger.objects();
  Result<std::uint64_t> removed = fail(Error::Code::io, "there is no database");
  if (database_.open_at_once()) removed = erase_patiently(job.order);
  if (!removed && begin_anew_after(removed.error())) removed = before;
  if (removed) {
    const bool keeps = unsynced_ || job.order.position;
    Result<void> done = keeps ? keep_durably(job.order, unsynced_) : database_.environment().sync();
    unsynced_ = !done;
    if (!done) removed = tl::unexpected<Error>(done.error());
  }
  settle(job, std::move(removed));
}

/// Of a purge. What is too full or too damaged to be purged goes, with the rest. False = there is
/// no database after it, or the system has refused, which says nothing about this one.
bool Purger::begin_anew_after(const Error& error) {
  if (error.code == Error::Code::io) return false;
  database_.begin_anew(error.context);
  return database_.is_open();
}

/// `counted`: what the survey counts before it is acknowledged; the purge holds meanwhile.
void Purger::settle(PurgeJob& job, Result<std::uint64_t> removed,
                    std::optional<PurgeSelection> counted) {
  StoreShared& shared = database_.shared;
  if (!removed) database_.note_refusal(removed.error());
  shared.generation.fetch_add(1, std::memory_order_release);
  database_.publish();
  PurgeResult result;
  result.tags = std::exchange(tags_raised_, 0);
  if (removed && counted) {
    result.scopes = database_.scopes.labels(kMostLabels);
    return survey_.count({std::move(*counted), std::move(result), std::move(job.done)});
  }
  if (removed) {
    result.objects = *removed;
    if (!job.order.raises_epochs()) {
      result.touched = std::exchange(touched_, {});
      if (*removed == 0) result.scopes = database_.scopes.labels(kMostLabels);
    }
    StoreCounters::raise(shared.counters.purged, *removed);
  } else {
    result.error = removed.error();
    database_.complain("a purge failed: " + removed.error().context);
  }
  if (job.done) job.done(std::move(result));
}

PurgeSelection Purger::selection_of(const PurgeOrder& order) const {
  std::vector<ScopeLabel> scopes = database_.scopes.matching(order);
  if (!order.raises_epochs()) return {order, std::move(scopes)};
  return {epoch_purge(order), database_.shared.epochs, std::move(scopes)};
}

void Purger::only_count(PurgeJob& job) {
  PurgeResult result;
  if (!database_.open_at_once()) {
    result.error = Error{Error::Code::io, "there is no database"};
    if (job.done) job.done(std::move(result));
    return;
  }
  result.scopes = database_.scopes.labels(kMostLabels);
  survey_.count({selection_of(job.order), std::move(result), std::move(job.done), true});
}

void Purger::ask(SurveyJob& job) {
  if (auto* url = std::get_if<ListJob>(&job)) return list(*url);
  if (auto* objects = std::get_if<WalkJob>(&job)) return walk(*objects);
  survey_.ask(std::move(std::get<PieceJob>(job)));
}

/// By their names, so that two listings of the same are alike.
void Purger::walk(WalkJob& job) {
  ObjectWalker::Job walk;
  walk.now = job.now;
  walk.tag = job.question.tag;
  walk.limit = job.question.limit;
  walk.done = std::move(job.done);
  if (!database_.open_at_once()) {
    walk.listing.error = Error{Error::Code::io, "there is no database"};
    return walk.done(std::move(walk.listing));
  }
  walk.listing.scopes = database_.scopes.labels(kMostLabels);
  PurgeOrder order;
  order.api_key = job.question.api_key;
  order.environment = job.question.environment;
  order.branch = job.question.branch;
  std::vector<ScopeLabel> scopes = database_.scopes.matching(order);
  const auto name = [](const ScopeLabel& label) {
    return std::tie(label.api_key, label.environment, label.branch, label.mac.bytes);
  };
  std::sort(scopes.begin(), scopes.end(),
            [&](const ScopeLabel& a, const ScopeLabel& b) { return name(a) < name(b); });
  for (ScopeLabel& scope : scopes) {
    std::string prefix = scope_target(scope.mac).prefix;
    walk.places.push_back({std::move(scope), std::move(prefix)});
  }
  survey_.ask(std::move(walk));
}

void Purger::list(ListJob& job) {
  UrlLister::Job listing;
  listing.now = job.now;
  listing.depth = job.depth;
  listing.done = std::move(job.done);
  if (!database_.open_at_once()) {
    listing.listing.error = Error{Error::Code::io, "there is no database"};
    return listing.done(std::move(listing.listing));
  }
  listing.listing.scopes = database_.scopes.labels(kMostLabels);
  for (ScopeLabel& label : database_.scopes.matching(job.order)) {
    if (job.key && !std::equal(job.key->bytes.begin(), job.key->bytes.begin() + kScopePrefix,
                               label.mac.bytes.begin())) {
      continue;
    }
    if (job.key) {
      listing.places.push_back({std::move(label), std::string(job.key->view())});
      continue;
    }
    Target target = target_of(job.order, label.mac);
    listing.url = std::move(target.url);
    listing.places.push_back({std::move(label), std::move(target.prefix)});
  }
  survey_.ask(std::move(listing));
}

void Purger::purge_by_tags(PurgeJob& job) {
  const PurgeOrder& order = job.order;
  const bool is_open = database_.open_at_once();
  const Epochs::Purge purge = epoch_purge(order);
  std::optional<PurgeSelection> counted;
  if (order.counts) counted = selection_of(order);
  StoreShared& shared = database_.shared;
  const Milliseconds soft_for = shared.soft_for.load(std::memory_order_relaxed);
  const EpochChange raised = shared.epochs.purge({purge}, soft_for);
  tags_raised_ = raised.raised.size();
  database_.keep_with_next_commit(raised);
  Result<std::uint64_t> purged = 0;
  if (!is_open) purged = fail(Error::Code::io, "there is no database");
  // A new database takes what memory knows of purges with its first commit.
  const std::uint64_t before = database_.ledger.objects();
  Result<void> done;
  if (purged) done = keep_durably(order);
  if (!done && begin_anew_after(done.error())) {
    purged = before;
    counted.reset();  // everything has gone
    done = keep_durably(order);
  }
  if (!done) purged = tl::unexpected<Error>(done.error());
  settle(job, std::move(purged), std::move(counted));
}

Epochs::Purge Purger::epoch_purge(const PurgeOrder& order) const {
  Epochs::Purge purge;
  purge.places = order.filling;
  for (const ScopeLabel& label : database_.scopes.matching(order)) {
    purge.places.push_back(place_of(label.api_key, label.environment, label.branch));
  }
  // A cache on the way may have old content of a place of which nothing is stored yet.
  if (order.changed.ms > 0 && !order.api_key.empty() && !order.environment.empty()) {
    for (const std::string& name : order.aliases) {
      purge.places.push_back(place_of(order.api_key, order.environment, name));
    }
    purge.places.push_back(place_of(order.api_key, order.environment, order.branch));
  }
  make_unique(purge.places);
  for (const ContentChange& change : order.changes) {
    for (const Tag tag : tags_of(change)) purge.tags.push_back(tag);
    for (const Tag tag : exact_tags_of(change)) purge.changed_tags.push_back(tag);
  }
  make_unique(purge.tags);
  make_unique(purge.changed_tags);
  purge.whole = order.what == PurgeOrder::What::scope;
  purge.hard = order.hard;
  purge.changed = order.changed;
  purge.happened = order.happened.ms > 0 ? order.happened : wall_now();
  if (order.missed) purge.happened = {};
  return purge;
}

/// `marks`: there may be nothing else to commit, and something has to be. The system tells of a
/// page that it could not write only once, and takes it for clean then; a repeated purge finds
/// nothing more to delete, so it would have nothing to make durable.
Result<void> Purger::keep_durably(const PurgeOrder& order, bool marks) {
  Result<void> done;
  for (unsigned tries = 0; tries < kTriesWhenFull; ++tries) {
    for (unsigned i = 0; i < tries; ++i) {
      static_cast<void>(space_.evict_some(database_.bounds.purges));
    }
    Change change = database_.change();
    if (order.position) write_position(change.txn, order.position->feed, order.position->value);
    if (marks) write_mark(change);
    done = database_.commit(change);
    if (done || done.error().code != Error::Code::full) break;
    StoreCounters::raise(database_.shared.counters.map_full);
  }
  return done ? database_.environment().sync() : done;
}

void Purger::write_mark(Change& change) const {
  constexpr std::string_view kPurgeKey = "purge";
  const std::uint64_t generation = database_.shared.generation.load(std::memory_order_relaxed);
  change.txn.put(change.txn.environment().meta, kPurgeKey,
                 {reinterpret_cast<const char*>(&generation), sizeof generation});
}

/// Deleting takes pages as well: where the map has none, others leave first.
Result<std::uint64_t> Purger::erase_patiently(const PurgeOrder& order) {
  Result<std::uint64_t> removed = erase(order);
  for (unsigned tries = 1; tries < kTriesWhenFull; ++tries) {
    if (removed || removed.error().code != Error::Code::full) break;
    StoreCounters::raise(database_.shared.counters.map_full);
    for (unsigned i = 0; i < tries; ++i) {
      static_cast<void>(space_.evict_some(database_.bounds.purges));
    }
    removed = erase(order);
  }
  return removed;
}

Result<std::uint64_t> Purger::erase(const PurgeOrder& order) {
  touched_.clear();
  if (order.what == PurgeOrder::What::all) return erase_all();
  std::vector<ScopeLabel> labels = database_.scopes.matching(order);
  std::vector<Target> targets;
  targets.reserve(labels.size());
  for (const ScopeLabel& label : labels) targets.push_back(target_of(order, label.mac));
  std::vector<std::uint64_t> removed(targets.size());
  const bool whole = order.what == PurgeOrder::What::scope;
  Result<std::uint64_t> total =
      whole ? erase_scopes(targets, removed) : erase_targets(targets, removed);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (removed[i] > 0) touched_.push_back({std::move(labels[i]), removed[i]});
  }
  return total;
}

Result<std::uint64_t> Purger::erase_all() {
  const std::uint64_t all = database_.ledger.objects();
  const Result<void> emptied = database_.empty(false);
  if (emptied) return all;
  if (emptied.error().code != Error::Code::full) return tl::unexpected<Error>(emptied.error());
  // The list of freed pages found no room in one piece, or readers are in the middle of some.
  std::vector<std::uint64_t> removed(1);
  return erase_targets({Target{}}, removed);
}

Result<std::uint64_t> Purger::erase_scope(const ScopeMac& scope) {
  std::vector<std::uint64_t> removed(1);
  return erase_scopes({scope_target(scope)}, removed);
}

Result<std::uint64_t> Purger::erase_scopes(const std::vector<Target>& targets,
                                           std::vector<std::uint64_t>& removed) {
  Result<std::uint64_t> total = erase_targets(targets, removed);
  if (!total) return total;
  Change change = database_.change();
  for (const Target& target : targets) change.scopes.forget(change.txn, *target.scope);
  if (Result<void> done = database_.commit(change); !done)
    return tl::unexpected<Error>(done.error());
  return total;
}

Purger::Target Purger::scope_target(const ScopeMac& mac) const {
  Target target;
  target.prefix = prefix_of(database_.hasher.key(mac, "", 0), kScopePrefix);
  target.scope = mac;
  return target;
}

Purger::Target Purger::target_of(const PurgeOrder& order, const ScopeMac& mac) const {
  Target target = scope_target(mac);
  if (order.what == PurgeOrder::What::path) target.path = order.path;
  if (order.what != PurgeOrder::What::url) return target;
  CanonicalRequest request;
  request.path = order.path;
  request.query = order.query;
  std::string canonical;
  const std::size_t url_length = write_canonical_bytes(request, canonical);
  target.prefix = prefix_of(database_.hasher.key(mac, canonical, url_length), kUrlPrefix);
  target.url = canonical.substr(0, url_length);
  return target;
}

/// Adds to `removed` how many objects each target had.
Result<std::uint64_t> Purger::erase_targets(const std::vector<Target>& targets,
                                            std::vector<std::uint64_t>& removed) {
  std::uint64_t total = 0;
  std::string position;
  std::size_t target = 0;
  while (target < targets.size()) {
    Change change = database_.change();
    std::uint64_t of_change = 0;
    bool has_room = true;
    while (target < targets.size() && has_room) {
      const std::uint64_t before = of_change;
      has_room = erase_some(change, targets[target], position, of_change);
      removed[target] += of_change - before;
      if (has_room) {
        position.clear();
        ++target;
      }
    }
    if (Result<void> committed = database_.commit(change); !committed)
      return tl::unexpected<Error>(committed.error());
    total += of_change;
  }
  return total;
}

/// Goes on behind `position`. True = the target is done (or the transaction has failed, which its
/// commit will tell); false = the transaction has done enough.
bool Purger::erase_some(Change& change, const Target& target, std::string& position,
                        std::uint64_t& removed) const {
  if (position.empty()) position = target.prefix.empty() ? std::string(1, '\0') : target.prefix;
  const Table objects = change.txn.environment().objects;
  std::vector<CacheKey> found;
  bool done = true;
  change.txn.scan(objects, position, kObjectKeyBytes, [&](const Row& row) {
    if (!row.key.starts_with(target.prefix)) return false;
    const CacheKey key = key_of_row(row.key);
    if (!selects(target, key, row.value)) return true;
    done = removed + found.size() < database_.bounds.purges;
    if (done) found.push_back(key);
    return done;
  });
  for (const CacheKey& key : found) {
    // Seen in passing, but not when searched for: the branches above are damaged.
    if (!change.txn.get(objects, key.view())) change.txn.fail_as_damaged("rows out of reach");
    remove_object(change, key);
    ++removed;
  }
  if (!found.empty()) position = std::string(found.back().view()) + '\0';
  return done;
}

bool Purger::selects(const Target& target, const CacheKey& key, std::string_view head_row) {
  const auto head = decode_object_head(key, head_row);
  if (!head) return true;
  if (target.scope && head->meta.scope != *target.scope) return false;
  if (target.path && !is_at_or_below(path_in_canonical_bytes(head->canonical), *target.path)) {
    return false;
  }
  return head->canonical.starts_with(target.url);
}

}  // namespace larder
