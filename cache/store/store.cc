// SPDX-License-Identifier: Apache-2.0
#include "cache/store/store.h"

#include <unistd.h>

#include <algorithm>
#include <future>
#include <thread>

#include "cache/store/charge.h"
#include "cache/store/epoch_rows.h"
#include "cache/store/fault.h"
#include "cache/store/reader.h"
#include "cache/store/restored_store.h"
#include "cache/store/writer.h"
#include "conf/base/log.h"
#include "conf/base/startup_error.h"
#include "conf/base/utc_text.h"

namespace larder {
namespace {

constexpr std::uint64_t kSmallestMap = 1u << 20;
/// What a write holds of the bound beside its bytes.
constexpr std::uint64_t kWriteOverhead = 1'024;

std::uint64_t whole_pages(std::uint64_t bytes) {
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return bytes / page * page;
}

/// Rows of Epochs: of a small file a small part.
std::size_t purged_tags_of(std::uint64_t map_bytes) {
  return std::clamp<std::size_t>(map_bytes / 4'096, 256, 65'536);
}

std::uint64_t map_bytes_of(const CacheConfig& config) {
  if (config.size < kSmallestMap) throw StartupError("cache.size is too small: 1 MiB is the least");
  return whole_pages(config.size);
}

}  // namespace

const char* name_of(StoreState state) {
  switch (state) {
    case StoreState::writes:
      return "writes";
    case StoreState::disk_full:
      return "disk_full";
    case StoreState::refused:
      return "refused";
    case StoreState::read_only:
      return "read_only";
    case StoreState::none:
      return "none";
  }
  return "?";
}

struct Store::Impl {
  Impl(CacheDirectory directory, const CacheConfig& config, std::size_t max_scopes,
       const KeyHasher& hasher, std::unique_ptr<EvictionPolicy> policy)
      : map_bytes(map_bytes_of(config)),
        max_object_bytes(largest_body(config)),
        shared(std::move(policy), config.max_pending_bytes,
               std::chrono::milliseconds(config.commit_interval_ms), WriterBounds(map_bytes).batch,
               max_scopes, purged_tags_of(map_bytes)) {
    watch_database(directory.path());
    writer = std::make_unique<Writer>(shared, std::move(directory), map_bytes, hasher, max_scopes,
                                      config.reader_hold_ms);
    writer->open_first();
    note_start();
    thread = std::thread([this] { writer->run(); });
  }

  ~Impl() {
    shared.inbox.stop();
    thread.join();
  }

  void note_start() {
    const std::shared_ptr<Environment> environment = shared.environment();
    const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    StoreCounters::set(shared.counters.page_bytes, page_bytes);
    StoreCounters::set(shared.counters.map_pages, map_bytes / page_bytes);
    if (environment == nullptr) return;
    const std::uint64_t rows = ReadTxn(*environment).pages(environment->index).rows;
    warm = rows > 0;
    StoreCounters::set(shared.counters.objects, rows);
  }

  /// Nobody tells what has changed in the `untold` places.
  void begin_restored(WallTime taken, std::vector<std::uint64_t> untold) {
    std::string text = "the store is from a snapshot of " + utc_text(taken);
    if (!untold.empty()) {
      text += "; of " + std::to_string(untold.size()) +
              " scopes nobody tells what has changed since: they are asked for again";
    }
    log(LogLevel::info, "store", text);
    std::promise<void> purged;
    PurgeOrder order = purge_of_untold(std::move(untold));
    // One that fails holds for this run, and is repeated by the next one: the mark is still there.
    restored.store(!shared.unknown.empty());
    if (shared.unknown.empty()) order.position = no_mark();
    shared.inbox.purge({std::move(order), [&purged](const PurgeResult&) { purged.set_value(); }});
    purged.get_future().wait();
  }

  /// Once all places are known.
  void end_restored() {
    if (!shared.unknown.empty() || !restored.exchange(false)) return;
    PurgeOrder order = purge_of_untold({});
    order.position = no_mark();
    shared.inbox.purge({std::move(order), nullptr});
  }

  const std::uint64_t map_bytes;
  const std::uint64_t max_object_bytes;
  std::atomic<bool> restored{false};  ///< the mark is there, and goes once all places are known
  StoreShared shared;
  std::unique_ptr<Writer> writer;
  bool warm = false;
  std::thread thread;
  Snapshots snapshots{shared};  ///< ends before the writer does
};

Store::Store(CacheDirectory directory, const CacheConfig& config, std::size_t max_scopes,
             const KeyHasher& hasher, std::unique_ptr<EvictionPolicy> policy)
    : impl_(std::make_unique<Impl>(std::move(directory), config,
                                   std::max<std::size_t>(max_scopes, 1), hasher,
                                   std::move(policy))) {}

Store::Store(const CacheConfig& config, std::size_t max_scopes, const KeyHasher& hasher,
             std::unique_ptr<EvictionPolicy> policy)
    : Store(CacheDirectory(config.path), config, max_scopes, hasher, std::move(policy)) {}

Store::~Store() = default;

StoreReader Store::reader() {
  return StoreReader(std::make_unique<StoreReader::Impl>(impl_->shared));
}

void Store::set_bounds(const CacheConfig& config) {
  impl_->shared.inbox.set_bounds(config.max_pending_bytes,
                                 std::chrono::milliseconds(config.commit_interval_ms));
}

void Store::ask_writer() {
  impl_->shared.inbox.ask_for_step();
}

std::uint64_t Store::writer_steps() const {
  const StoreShared& shared = impl_->shared;
  return shared.inbox.steps() + shared.counters.commits.load(std::memory_order_relaxed);
}

std::uint64_t Store::max_object_bytes() const {
  return impl_->max_object_bytes;
}

std::optional<StoreWrite> Store::begin(std::uint64_t announced_length) {
  StoreCounters& counters = impl_->shared.counters;
  StoreInbox& inbox = impl_->shared.inbox;
  if (announced_length > impl_->max_object_bytes) {
    StoreCounters::raise(counters.dropped_too_large);
    return std::nullopt;
  }
  if (!inbox.has_room(announced_length + kWriteOverhead) || !inbox.hold(kWriteOverhead)) {
    StoreCounters::raise(counters.dropped_queue_full);
    return std::nullopt;
  }
  return StoreWrite(impl_->shared, impl_->max_object_bytes, kWriteOverhead);
}

bool Store::touch(Touch touch, StoreWrite::Done done) {
  StoreInbox& inbox = impl_->shared.inbox;
  PutOrder order;
  order.what = PutOrder::What::touch;
  ObjectHead& object = order.object;
  object.key = touch.key;
  object.canonical = std::move(touch.canonical);
  object.meta.scope = touch.scope;
  object.meta.etag = touch.etag;
  object.meta.lifetime = touch.lifetime;
  object.shared_fields = std::move(touch.shared_fields);
  order.bytes = kWriteOverhead + head_bytes_of(object);
  order.done = std::move(done);
  const std::uint64_t held = order.bytes;
  if (!inbox.hold(held)) {
    StoreCounters::raise(impl_->shared.counters.dropped_queue_full);
    return false;
  }
  if (inbox.put(std::move(order))) return true;
  inbox.give_back(held);
  StoreCounters::raise(impl_->shared.counters.dropped_queue_full);
  return false;
}

void Store::purge(PurgeOrder order, std::function<void(PurgeResult)> done) {
  impl_->shared.inbox.purge({std::move(order), std::move(done)});
}

void Store::list(PurgeOrder order, WallTime now, std::function<void(UrlListing)> done) {
  impl_->shared.inbox.ask(ListJob{std::move(order), std::nullopt, now, std::move(done)});
}

void Store::list_heads(PurgeOrder order, WallTime now, std::function<void(UrlListing)> done) {
  impl_->shared.inbox.ask(
      ListJob{std::move(order), std::nullopt, now, std::move(done), ListDepth::heads});
}

void Store::list(ObjectQuestion question, WallTime now, std::function<void(UrlListing)> done) {
  impl_->shared.inbox.ask(WalkJob{std::move(question), now, std::move(done)});
}

void Store::piece(const CacheKey& key, std::uint64_t sequence, std::uint32_t index, WallTime now,
                  std::function<void(Result<std::string>)> done) {
  impl_->shared.inbox.ask(PieceJob{key, sequence, index, now, std::move(done)});
}

void Store::list(const CacheKey& key, WallTime now, std::function<void(UrlListing)> done) {
  impl_->shared.inbox.ask(ListJob{{}, key, now, std::move(done)});
}

std::uint64_t Store::epoch() const {
  return impl_->shared.epochs.last();
}

std::uint64_t Store::shown_by(std::uint64_t number, std::uint64_t place, std::string_view tags,
                              WallTime made_after, WallTime now) const {
  return impl_->shared.epochs.shown_by(number, place, tags, made_after, now);
}

void Store::set_soft_for(Milliseconds soft_for) {
  impl_->shared.soft_for.store(soft_for, std::memory_order_relaxed);
}

void Store::doubt(const std::vector<std::uint64_t>& places, bool others, WallTime now,
                  WallTime fresh_until) {
  using Besides = UnknownPlaces::Besides;
  const Besides besides = others ? Besides::all : Besides::none;
  const auto environment = impl_->shared.environment();
  const auto taken = environment != nullptr ? restored_from(*environment) : std::nullopt;
  if (environment != nullptr && !taken) {
    return impl_->shared.unknown.begin(places, besides, now, fresh_until);
  }
  // Of a database that cannot be read yet, it may be a restored one for all we know.
  const std::vector<std::uint64_t> none;
  Result<std::vector<std::uint64_t>> untold = fail(Error::Code::io, "there is no database");
  if (taken && now < *taken) {
    // By this clock, what came with the snapshot would pass for stored later.
    untold = places_without(*environment, none);
  } else if (taken) {
    untold = others ? none : places_without(*environment, places);
  }
  impl_->shared.unknown.begin(places, others || untold ? besides : Besides::others, now, {});
  if (taken) impl_->begin_restored(*taken, untold.value_or(std::vector<std::uint64_t>()));
}

void Store::know_others() {
  impl_->shared.unknown.end_others();
  impl_->end_restored();
}

void Store::know(std::uint64_t place) {
  impl_->shared.unknown.end(place);
  impl_->end_restored();
}

std::optional<std::string> Store::feed_position(const std::string& feed) const {
  const std::shared_ptr<Environment> environment = impl_->shared.environment();
  return environment == nullptr ? std::nullopt : load_position(*environment, feed);
}

Result<void> Store::snapshot(SnapshotOrder order) {
  return impl_->snapshots.begin(std::move(order));
}

StoreStats Store::stats() const {
  const StoreCounters& from = impl_->shared.counters;
  const auto read = [](const StoreCounters::Number& number) {
    return number.load(std::memory_order_relaxed);
  };
  StoreStats stats;
  stats.state = static_cast<StoreState>(read(from.state));
  if (stats.state != StoreState::writes) stats.trouble = impl_->shared.trouble();
  stats.dropped_refused = read(from.dropped_refused);
  stats.objects = read(from.objects);
  stats.live_pages = read(from.live_pages);
  stats.page_bytes = read(from.page_bytes);
  stats.map_bytes = read(from.map_pages) * stats.page_bytes;
  stats.file_bytes = read(from.file_pages) * stats.page_bytes;
  stats.pending_bytes = impl_->shared.inbox.pending_bytes();
  stats.writing_bytes = impl_->shared.inbox.writing_bytes();
  stats.stores = read(from.stores);
  stats.replaced = read(from.replaced);
  stats.evicted = read(from.evicted);
  stats.purged = read(from.purged);
  stats.epoch = epoch();
  stats.commits = read(from.commits);
  stats.dropped_queue_full = read(from.dropped_queue_full);
  stats.dropped_too_large = read(from.dropped_too_large);
  stats.dropped_map_full = read(from.dropped_map_full);
  stats.failed_commits = read(from.failed_commits);
  stats.map_full = read(from.map_full);
  stats.not_admitted = read(from.not_admitted);
  stats.touched = read(from.touched);
  stats.held_objects = read(from.held_objects);
  stats.held_pages = read(from.held_pages);
  stats.readers_cut = read(from.readers_cut);
  stats.corrupt = read(from.corrupt);
  stats.collisions = read(from.collisions);
  stats.begun_anew = read(from.begun_anew);
  stats.snapshots = read(from.snapshots);
  stats.failed_snapshots = read(from.failed_snapshots);
  stats.scopes = read(from.scopes);
  stats.max_readers_used = static_cast<std::uint32_t>(read(from.readers));
  stats.warm = impl_->warm;
  for (std::size_t i = 0; i < stats.store_times.size(); ++i) {
    stats.store_times[i] = read(from.store_times.places[i]);
    stats.commit_times[i] = read(from.commit_times.places[i]);
  }
  return stats;
}

}  // namespace larder
