// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cache/eviction/eviction.h"
#include "cache/store/directory.h"
#include "cache/store/leases.h"
#include "cache/store/object.h"
#include "cache/store/snapshot.h"
#include "cache/store/write.h"
#include "cache/tags/change.h"
#include "cache/tags/tag.h"
#include "conf/config.h"

/// The store: LMDB behind one door. One writer thread with group commit; any number of readers,
/// one for each thread that looks up. Nothing outside cache/store*.cc sees LMDB.
namespace larder {

/// How far a feed of events has been followed.
struct FeedPosition {
  std::string feed;
  std::string value;
};

/// Who asks for a purge.
enum class PurgeSource : std::uint8_t { operator_, http, webhook, sync, bus };

/// What a purge removes.
struct PurgeOrder {
  enum class What { url, path, scope, change, all };
  What what = What::all;
  /// url: path and canonical query as in CanonicalRequest (every variant and representation of it
  /// goes), in every scope that the fields below select. path: this path and all below it, with any
  /// query; no `/` at its end.
  std::string path;
  std::string query;
  /// All but `all`: empty = any.
  std::string api_key;
  std::string environment;
  std::string branch;
  std::vector<std::string> aliases = {};  ///< other names of `branch`; without it there are none
  /// `branch` is an alias that has moved to this one of `aliases`, which itself has not changed; ""
  /// = nothing has moved.
  std::string moved_to = {};
  /// change: what has changed; what may show any of it goes.
  std::vector<ContentChange> changes = {};
  /// When the content changed, by the system's clock; 0 = when the purge is taken.
  WallTime happened = {};
  /// Nobody knows what has changed, nor when: `happened` does not count, and nothing that goes is
  /// served once more before it is asked for.
  bool missed = false;
  /// When the last of the changes happened, as far as the CMS has said it; 0 = not known. What a
  /// cache on the way has had since before is outdated.
  WallTime changed = {};
  /// What goes is not served once more while its refresh runs, nor while the origin fails.
  bool hard = false;
  /// PurgeResult::objects is wanted, though counting takes a look at every object. It begins when
  /// the purge holds.
  bool counts = false;
  /// Nothing goes, what would go is counted.
  bool dry_run = false;
  PurgeSource source = PurgeSource::operator_;
  /// place_of() the fills under way that the order selects: nothing of them may be in the store
  /// yet.
  std::vector<std::uint64_t> filling = {};
  void add_filling(std::uint64_t place) {
    if (std::find(filling.begin(), filling.end(), place) == filling.end()) filling.push_back(place);
  }
  /// Of the feed of events that this comes from: kept with the purge, both or neither.
  std::optional<FeedPosition> position = std::nullopt;

  /// Else the rows of what goes are removed.
  bool raises_epochs() const { return what == What::change || (what == What::scope && !hard); }
  /// Of a scope: what it does not name may be any. In open mode a token alone is one, and which
  /// environment goes with it only the origin knows.
  bool selects_scope(std::string_view its_api_key, std::string_view its_environment,
                     std::string_view its_branch) const;
  /// Of a path and canonical query. What answers by content depend on is known when they are there:
  /// true for any.
  bool selects_url(std::string_view its_path, std::string_view its_query) const;
};

struct PurgeResult {
  std::uint64_t objects = 0;  ///< removed, or purged by their tags; 0 where none are counted
  std::uint64_t fills = 0;    ///< under way, and kept from being stored
  bool repeated = false;      ///< all of it was purged before, for the same events
  std::uint64_t tags = 0;     ///< that got its number, in all places together; 0 of one by rows
  /// Of `objects`, by scope: those that have some. Empty where none are counted, and of a purge of
  /// all.
  struct Touched {
    ScopeLabel scope;
    std::uint64_t objects = 0;
  };
  std::vector<Touched> touched;
  /// The scopes in the store, 4,096 at most, when no object was removed.
  std::vector<ScopeLabel> scopes;
  std::optional<Error> error;  ///< the purge did not happen, or not durably: it is not acknowledged
};

struct UrlListing;

/// Which stored objects are to be listed.
struct ObjectQuestion {
  std::string api_key = {}, environment = {}, branch = {};  ///< of their scope; "" = any
  std::optional<Tag> tag = {};                              ///< only what carries it
  std::size_t limit = 100;
};

/// A stored object that is as it was, but for these.
struct Touch {
  CacheKey key;
  std::string canonical;
  ScopeMac scope;
  EntityTag etag;
  Lifetime lifetime;
  std::string shared_fields;
};

/// How often something took how long: place n counts what took less than 2^n us, but not less than
/// half of that; the last one all that took longer.
using TimeCounts = std::array<std::uint64_t, 24>;

/// What becomes of new objects.
enum class StoreState : std::uint8_t {
  writes,     ///< all is well
  disk_full,  ///< the file keeps its present size, and others leave for new objects
  refused,    ///< the last write failed; the next is tried within seconds
  read_only,  ///< there is nothing to write to; what is stored is found
  none,       ///< nothing is stored or found
};

const char* name_of(StoreState state);

/// Counters and gauges; a copy taken at one moment.
struct StoreStats {
  StoreState state = StoreState::writes;
  std::string trouble;  ///< why it is not `writes`, in words
  std::uint64_t objects = 0;
  std::uint64_t live_pages = 0;  ///< by page-cost accounting
  std::uint64_t page_bytes = 4096;
  std::uint64_t map_bytes = 0;  ///< `cache.size`
  std::uint64_t file_bytes = 0;
  std::uint64_t pending_bytes = 0;  ///< handed over, not yet committed
  std::uint64_t writing_bytes = 0;  ///< begun, not yet handed over
  std::uint64_t epoch = 0;          ///< Store::epoch()
  std::uint64_t stores = 0, replaced = 0, evicted = 0, purged = 0, commits = 0;
  std::uint64_t dropped_queue_full = 0, dropped_too_large = 0, dropped_map_full = 0,
                failed_commits = 0;
  std::uint64_t dropped_refused = 0;  ///< not tried, too soon after a write had failed
  std::uint64_t map_full = 0;         ///< transactions that found no room and were tried again
  std::uint64_t not_admitted = 0;     ///< by the eviction policy
  std::uint64_t corrupt = 0, collisions = 0;
  std::uint64_t touched = 0;       ///< stored anew without their chunk rows being written
  std::uint64_t held_objects = 0;  ///< gone, but their chunk rows are still being read
  std::uint64_t held_pages = 0;    ///< of these, about; among live_pages
  std::uint64_t readers_cut = 0;   ///< objects whose rows went while they were read
  std::uint64_t begun_anew = 0;    ///< databases given up while running
  std::uint64_t snapshots = 0, failed_snapshots = 0;
  std::uint64_t scopes = 0;
  std::uint32_t max_readers_used = 0;
  bool warm = false;  ///< rows were found at start
  /// The writer's time for each object of a batch, eviction for it included, and for each commit.
  TimeCounts store_times{}, commit_times{};
};

/// A thread's eye on the store. Not thread-safe; ends before the Store. All views handed out die
/// with end_turn() (or with the snapshot's renewal after a purge).
class StoreReader {
 public:
  ~StoreReader();
  StoreReader(StoreReader&&) noexcept;
  StoreReader(const StoreReader&) = delete;

  /// The object under `key` whose canonical bytes and scope MAC are exactly these. nullopt = none
  /// (absent, about to be removed, another key's by collision, or corrupt: the latter two are
  /// counted, and a corrupt one is removed by the writer). The first lookup of a turn takes the
  /// snapshot, later ones share it, unless a purge was acknowledged since, which renews it: nothing
  /// purged is seen by a lookup that starts after the purge's acknowledgement. (One of an object
  /// with chunk rows that has been removed meanwhile renews it too.) `now`: a row that was checked
  /// a few seconds ago is not checked again.
  std::optional<ObjectView> lookup(const CacheKey& key, std::string_view canonical,
                                   const ScopeMac& scope, WallTime now);
  /// For an object with chunk rows that lookup() showed in this turn: chunk() finds its rows until
  /// the lease has ended, whatever becomes of the object, but for `cache.reader_hold` at most after
  /// it was replaced, evicted or purged. Empty for an object without chunk rows, and where too many
  /// are leased.
  ReaderLease lease(const ObjectView& object);
  /// Chunk `index` of an object that lookup() showed with this `sequence`, or nullopt when it is
  /// corrupt, or has been replaced, evicted or purged and is not held: the answer under way must be
  /// cut off.
  std::optional<std::string_view> chunk(const CacheKey& key, std::uint64_t sequence,
                                        std::uint32_t index);
  /// Its rows are not what its head announces: the writer looks, and removes it if that is so.
  void report(const CacheKey& key) noexcept;
  /// May there be an object of the key's scope? True when in doubt.
  bool may_hold_scope_of(const CacheKey& key);
  /// Tells the eviction policy; lock-free.
  void count_hit(std::uint32_t slot, EvictionTick now) noexcept;
  /// EvictionPolicy::uses(); lock-free.
  std::uint32_t uses(std::uint32_t slot) const noexcept;
  /// Ends the snapshot; cheap when there is none. Call at the end of every loop turn.
  void end_turn() noexcept;

 private:
  friend class Store;
  friend class ObjectWalker;
  friend class PieceReader;
  friend class UrlLister;
  struct Impl;
  explicit StoreReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// SIGBUS in the database's map, and SIGSEGV or abort() inside the store, mean that the file is
/// broken beneath the map: the handler moves the database aside and ends the process with
/// kStoreFaultExit, so that the next start is clean. LMDB's own asserts end the same way with or
/// without it. Other deaths take their usual way: SIGBUS elsewhere, failed checks and uncaught
/// exceptions, which are larder's own bugs. Of these, deaths by SIGSEGV or abort() are counted: the
/// third in a row gives the database up. Once a process, before Store.
void install_store_fault_handler();
inline constexpr int kStoreFaultExit = 70;

/// Owns the environment and the writer thread. Opened once a process. Commits and purges keep their
/// order, but for a purge of all, which goes before the commits that it would undo; both are
/// thread-safe.
class Store {
 public:
  /// What is pending at the end is committed for so long; the rest is dropped.
  static constexpr std::chrono::seconds kStopTime{2};

  /// `hasher` makes the keys that the workers look up: url purges find rows by it, and rows under
  /// another install secret are given up. A database that is damaged, truncated or of another
  /// format is moved aside (`data.mdb.quarantined`; one is kept, while it fits into `cache.size`
  /// beside the new one) and a new one begun: the cache is disposable. Where the disk refuses, what
  /// is stored is found, and the rest is tried again every few seconds: see StoreState. Throws
  /// StartupError (a size that is too small).
  Store(CacheDirectory directory, const CacheConfig& config, std::size_t max_scopes,
        const KeyHasher& hasher, std::unique_ptr<EvictionPolicy> policy);
  /// In the directory `config.path`; throws what CacheDirectory throws.
  Store(const CacheConfig& config, std::size_t max_scopes, const KeyHasher& hasher,
        std::unique_ptr<EvictionPolicy> policy);
  ~Store();  ///< commits what is pending, within kStopTime; joins the writer
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  StoreReader reader();

  /// `max_pending_bytes` and `commit_interval_ms` of `config`, from the next write and the next
  /// commit on; all else is the store's for life. Any thread.
  void set_bounds(const CacheConfig& config);

  /// Largest body that is stored.
  std::uint64_t max_object_bytes() const;

  /// Begins an object whose body is announced to have this length; 0 = not known. nullopt: it is
  /// announced as too large, or `cache.max_pending` has no room for it now. Thread-safe.
  std::optional<StoreWrite> begin(std::uint64_t announced_length);

  /// Gives the object that has `touch`'s key, canonical request, scope and entity tag a new
  /// lifetime and new shared fields, for an answer that the origin found unchanged; its body, and
  /// whoever reads it, are left alone. Keeps the order of commits and purges. False = refused now,
  /// and `done` is not called; else `done(touched)` runs on the writer thread, with false where
  /// there is no such object. Thread-safe.
  bool touch(Touch touch, StoreWrite::Done done);

  /// Runs behind every commit that was handed over before it and before every later one. A purge
  /// of all drops the commits that wait (their `done` is told false). `done` runs on the writer
  /// thread, or that of the survey where objects are counted, once the purge is committed and
  /// synced, metadata page included: from then on no lookup that starts later, in any thread or
  /// after a crash, finds what was purged, or finds it fresh: see set_soft_for().
  void purge(PurgeOrder order, std::function<void(PurgeResult)> done);

  /// What is stored of a URL, as lookups at `now` would find it: `order` selects it as for a purge
  /// (PurgeOrder::What::url). `done` runs on the survey's thread or the writer's. Who asks bounds
  /// how many ask at once. Nothing is purged.
  void list(PurgeOrder order, WallTime now, std::function<void(UrlListing)> done);
  /// The same of one key: one object or none.
  void list(const CacheKey& key, WallTime now, std::function<void(UrlListing)> done);
  /// The same of a URL, with the fields of each head, and without the names of tags: no body is
  /// read.
  void list_heads(PurgeOrder order, WallTime now, std::function<void(UrlListing)> done);
  /// The same of scopes. Looks at every head there until it has enough; objects come by scope, and
  /// without the names of their tags.
  void list(ObjectQuestion question, WallTime now, std::function<void(UrlListing)> done);
  /// Piece `index` of the body of an object that was listed with this `sequence`, as long as a row
  /// at most; `done` gets not_found where a lookup would not use that object any more.
  void piece(const CacheKey& key, std::uint64_t sequence, std::uint32_t index, WallTime now,
             std::function<void(Result<std::string>)> done);

  /// The number of the last purge by tags: an object gets the one that held when its fill began.
  std::uint64_t epoch() const;
  /// Epochs::shown_by(): `tags` as an ObjectHead has them.
  std::uint64_t shown_by(std::uint64_t number, std::uint64_t place, std::string_view tags,
                         WallTime made_after, WallTime now) const;
  /// How long what is purged by tags is served once more while its refresh runs. Any thread.
  void set_soft_for(Milliseconds soft_for);
  /// Nobody knows what has changed in these places (place_of()) since their objects were stored:
  /// such an object is not fresh from `fresh_until` on, until know() tells that all that was missed
  /// is purged. `others`: nor in any place, also one that know() was told of, until know_others().
  /// Once, before any lookup.
  /// Of a store that was restored from a snapshot nothing is fresh until then, whatever
  /// `fresh_until`, and all that is stored in places that are not named is purged, at this start
  /// and each one until all places that one start has named are known. May wait for the writer.
  void doubt(const std::vector<std::uint64_t>& places, bool others, WallTime now,
             WallTime fresh_until);
  /// Any thread.
  void know(std::uint64_t place);
  void know_others();
  /// How far a feed has been followed: the position of the last of its purges that is durable.
  std::optional<std::string> feed_position(const std::string& feed) const;

  /// Snapshots::begin(). One thread.
  Result<void> snapshot(SnapshotOrder order);

  StoreStats stats() const;

  /// Thread-safe: the writer thread goes on when writer_steps() rises, by each commit and soon
  /// after each question.
  void ask_writer();
  std::uint64_t writer_steps() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace larder
