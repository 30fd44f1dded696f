// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <thread>

#include "cache/eviction/eviction.h"
#include "tests/cache/store_fixture.h"

namespace larder::test {
namespace {

constexpr std::size_t kScopes = 16;
constexpr std::size_t kLarge = 1'000'000;

ObjectPlan large_plan(std::uint64_t seed) {
  ObjectPlan plan;
  plan.length = kLarge;
  plan.seed = seed;
  return plan;
}

/// One client's download, a row a turn.
class Download {
 public:
  Download(Store& store, const ObjectPlan& plan) : reader_(store.reader()), plan_(plan) {
    const auto view =
        reader_.lookup(key_of(plan), canonical_of(plan), mac_of(plan.scope), WallTime{});
    LARDER_CHECK(view);
    LARDER_CHECK(view->chunk_count > 2);
    sequence_ = view->sequence;
    rows_ = view->chunk_count;
    lease_ = reader_.lease(*view);
    reader_.end_turn();
  }

  bool leased() const { return static_cast<bool>(lease_); }
  std::uint64_t sequence() const { return sequence_; }
  /// False = cut off.
  bool read_one() {
    const auto row = reader_.chunk(key_of(plan_), sequence_, next_);
    if (row) body_.append(*row);
    reader_.end_turn();
    ++next_;
    return row.has_value();
  }
  /// Is the rest there, and the whole what was stored?
  bool finish() {
    while (next_ < rows_) {
      if (!read_one()) return false;
    }
    lease_.end();
    return body_ == body_of(plan_.seed, plan_.length);
  }
  void give_up() { lease_.end(); }

 private:
  StoreReader reader_;
  ObjectPlan plan_;
  std::uint64_t sequence_ = 0;
  std::uint32_t rows_ = 0, next_ = 0;
  std::string body_;
  ReaderLease lease_;
};

/// Makes the writer do something, and so look after held rows, until `done`.
template <class Done>
void stir_until(Store& store, Done done) {
  ObjectPlan plan;
  plan.path = "/v3/stir";
  while (!done()) {
    ++plan.seed;
    REQUIRE(put_and_wait(store, plan));
  }
}

void remove(Store& store, const std::string& how) {
  PurgeOrder order;
  if (how == "replaced") {
    REQUIRE(put_and_wait(store, large_plan(2)));
    return;
  }
  if (how == "purged by URL") {
    order.what = PurgeOrder::What::url;
    order.path = large_plan(1).path;
  }
  if (how == "purged by scope") {
    order.what = PurgeOrder::What::scope;
    order.api_key = label_of(0).api_key;
    order.hard = true;
  }
  REQUIRE(purge_and_wait(store, order).objects == 1);
}

}  // namespace

TEST_CASE("store lease: a reader gets the version it began, whatever becomes of the object",
          "[store][lease]") {
  const std::string how =
      GENERATE("replaced", "purged by URL", "purged by scope", "purged with all");
  CAPTURE(how);
  const TemporaryDirectory directory;
  Store store(config_at(directory.path()), kScopes, hasher(), make_fifo());
  REQUIRE(put_and_wait(store, large_plan(1)));
  Download download(store, large_plan(1));
  REQUIRE(download.leased());
  REQUIRE(download.read_one());
  remove(store, how);
  CHECK(see(store, large_plan(1)) != Seen::whole);
  CHECK(see(store, large_plan(2)) == (how == "replaced" ? Seen::whole : Seen::absent));
  CHECK(store.stats().held_objects == 1);
  CHECK(store.stats().held_pages > kLarge / 4096);
  CHECK(download.finish());
  stir_until(store, [&] { return store.stats().held_objects == 0; });
  CHECK(store.stats().held_pages == 0);
  CHECK(store.stats().readers_cut == 0);
}

TEST_CASE("store lease: without one the rows go with the object", "[store][lease]") {
  const TemporaryDirectory directory;
  Store store(config_at(directory.path()), kScopes, hasher(), make_fifo());
  REQUIRE(put_and_wait(store, large_plan(1)));
  Download download(store, large_plan(1));
  REQUIRE(download.read_one());
  download.give_up();
  remove(store, "replaced");
  CHECK_FALSE(download.read_one());
  CHECK(store.stats().held_objects == 0);
}

TEST_CASE("store lease: what all readers are done with gives its pages back", "[store][lease]") {
  const TemporaryDirectory directory;
  Store store(config_at(directory.path()), kScopes, hasher(), make_fifo());
  REQUIRE(put_and_wait(store, large_plan(1)));
  const std::uint64_t pages_of_one = store.stats().live_pages;
  Download first(store, large_plan(1));
  Download second(store, large_plan(1));
  remove(store, "replaced");
  CHECK(store.stats().live_pages > pages_of_one + kLarge / 4096);
  CHECK(first.finish());
  stir_until(store, [&] { return store.stats().commits > 5; });
  CHECK(store.stats().held_objects == 1);
  CHECK(second.finish());
  stir_until(store, [&] { return store.stats().held_objects == 0; });
  // A few for the small object, the list of free pages, and another shape of the tree.
  CHECK(store.stats().live_pages < pages_of_one + 20);
}

TEST_CASE("store lease: readers are cut off when cache.reader_hold has passed", "[store][lease]") {
  const TemporaryDirectory directory;
  CacheConfig config = config_at(directory.path());
  config.reader_hold_ms = 1;
  Store store(config, kScopes, hasher(), make_fifo());
  REQUIRE(put_and_wait(store, large_plan(1)));
  Download download(store, large_plan(1));
  remove(store, "replaced");
  stir_until(store, [&] { return store.stats().held_objects == 0; });
  CHECK(store.stats().readers_cut == 1);
  CHECK_FALSE(download.finish());
  CHECK(see(store, large_plan(2)) == Seen::whole);
}

TEST_CASE("store lease: rows that are held take no more than their part of the file",
          "[store][lease]") {
  const TemporaryDirectory directory;
  Store store(config_at(directory.path(), 32u << 20), kScopes, hasher(), make_fifo());
  const std::uint64_t part = store.stats().map_bytes / 4;
  std::vector<std::unique_ptr<Download>> downloads;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    ObjectPlan plan = large_plan(seed);
    plan.length = 480'000;  // the largest is 1.5 % of the file
    plan.length = std::min<std::size_t>(plan.length, store.max_object_bytes());
    REQUIRE(put_and_wait(store, plan));
    downloads.push_back(std::make_unique<Download>(store, plan));
  }
  for (std::uint64_t seed = 21; seed <= 50; ++seed) {
    ObjectPlan plan = large_plan(seed);
    plan.length = std::min<std::size_t>(480'000, store.max_object_bytes());
    REQUIRE(put_and_wait(store, plan));
    downloads.push_back(std::make_unique<Download>(store, plan));
    // One that is replaced in the same transaction comes on top, until the next.
    CHECK(store.stats().held_pages * store.stats().page_bytes < part + 2 * plan.length);
  }
  CHECK(store.stats().readers_cut > 20);
  CHECK_FALSE(downloads.front()->finish());  // the oldest went first
  CHECK(downloads.back()->finish());
  CHECK(store.stats().map_full == 0);
  CHECK(store.stats().dropped_map_full == 0);
}

TEST_CASE("store lease: evicted objects are held for their readers", "[store][lease]") {
  const TemporaryDirectory directory;
  Store store(config_at(directory.path(), 32u << 20), kScopes, hasher(), make_fifo());
  ObjectPlan plan = large_plan(1);
  plan.length = std::min<std::size_t>(480'000, store.max_object_bytes());
  REQUIRE(put_and_wait(store, plan));
  Download download(store, plan);
  for (std::uint64_t n = 2; see(store, plan) != Seen::absent; ++n) {
    ObjectPlan other = plan;
    other.path = "/v3/entries/" + std::to_string(n);
    other.seed = n;
    REQUIRE(put_and_wait(store, other));
  }
  CHECK(store.stats().evicted > 0);
  CHECK(store.stats().held_objects == 1);
  CHECK(download.finish());
}

TEST_CASE("store lease: a crash leaves no rows behind", "[store][lease]") {
  const TemporaryDirectory directory;
  const int status = in_child([&] {
    Store store(config_at(directory.path()), kScopes, hasher(), make_fifo());
    if (!put_and_wait(store, large_plan(1))) return 1;
    Download download(store, large_plan(1));
    if (!put_and_wait(store, large_plan(2)) || store.stats().held_objects != 1) return 2;
    ::_exit(0);  // with the rows in their table
  });
  REQUIRE(ended_with(status, 0));
  std::uint64_t pages_of_one = 0;
  {
    const TemporaryDirectory another;
    Store store(config_at(another.path()), kScopes, hasher(), make_fifo());
    REQUIRE(put_and_wait(store, large_plan(2)));
    pages_of_one = store.stats().live_pages;
  }
  Store store(config_at(directory.path()), kScopes, hasher(), make_fifo());
  drain(store);
  CHECK(store.stats().begun_anew == 0);
  CHECK(store.stats().objects == 1);
  CHECK(store.stats().held_objects == 0);
  CHECK(store.stats().live_pages < pages_of_one + 20);
  CHECK(see(store, large_plan(2)) == Seen::whole);
  // The next object's rows are its own.
  REQUIRE(put_and_wait(store, large_plan(3)));
  CHECK(see(store, large_plan(3)) == Seen::whole);
}

TEST_CASE("store lease: readers that begin while objects are replaced all get a whole one",
          "[store][lease]") {
  const TemporaryDirectory directory;
  Store store(config_at(directory.path(), 256u << 20), kScopes, hasher(), make_fifo());
  ObjectPlan plan = large_plan(0);
  plan.length = 300'000;
  REQUIRE(put_and_wait(store, plan));
  std::atomic<bool> stop{false};
  std::atomic<unsigned> whole{0}, wrong{0}, absent{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      StoreReader reader = store.reader();
      while (!stop) {
        const auto view =
            reader.lookup(key_of(plan), canonical_of(plan), mac_of(plan.scope), WallTime{});
        if (!view) {
          ++absent;
          reader.end_turn();
          continue;
        }
        const ReaderLease lease = reader.lease(*view);
        const std::uint64_t sequence = view->sequence;
        const std::uint32_t rows = view->chunk_count;
        const std::string seed(view->shared_fields.substr(8));
        std::string body;
        for (std::uint32_t row = 0; row < rows; ++row) {
          reader.end_turn();
          std::this_thread::yield();
          if (const auto bytes = reader.chunk(key_of(plan), sequence, row)) body.append(*bytes);
        }
        reader.end_turn();
        ++(body == body_of(std::stoull(seed), plan.length) ? whole : wrong);
      }
    });
  }
  for (std::uint64_t seed = 1; seed <= 400 / kSlowness || whole < 20; ++seed) {
    ObjectPlan next = plan;
    next.seed = seed;
    REQUIRE(put_and_wait(store, next));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  CAPTURE(whole.load(), absent.load());
  CHECK(wrong == 0);
  CHECK(store.stats().readers_cut == 0);
}

}  // namespace larder::test
