// SPDX-License-Identifier: Apache-2.0
#include "cache/store/snapshot.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/time.h>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cache/store/snapshot_restore.h"
#include "cache/store/store.h"
#include "cache/tags/place.h"
#include "tests/cache/store_fixture.h"

// Snapshots of a store that works, and stores that begin with one.

namespace larder::test {
namespace {

constexpr Milliseconds kLong = 60'000;

ObjectPlan plan_of(unsigned number, std::uint64_t seed = 0) {
  ObjectPlan plan;
  plan.path = "/v3/entries/" + std::to_string(number);
  plan.scope = number % 4;
  plan.seed = seed != 0 ? seed : number + 1;
  plan.length = number % 10 == 0 ? 200'000 : 3'000;
  return plan;
}

ObjectPlan small_plan(unsigned number) {
  ObjectPlan plan = plan_of(number);
  plan.length = 3'000;
  return plan;
}

NewObject long_fresh(const ObjectPlan& plan) {
  NewObject object = make_object(plan);
  object.meta.lifetime.fresh_until = {wall_now().ms + 1'800'000};
  object.meta.lifetime.revalidate_until = {wall_now().ms + 1'900'000};
  return object;
}

std::unique_ptr<Store> open_store(const std::string& path, Bytes size = 64u << 20,
                                  const KeyHasher& keys = hasher()) {
  return std::make_unique<Store>(config_at(path, size), 100, keys, make_fifo());
}

void fill(Store& store, unsigned from, unsigned to) {
  Countdown stored(to - from);
  for (unsigned i = from; i < to; ++i) {
    const ObjectPlan plan = plan_of(i);
    LARDER_CHECK(
        put(store, long_fresh(plan), label_of(plan.scope), [&](bool) { stored.one_less(); }));
  }
  stored.wait();
}

/// Keeps all bytes; takes none while it is shut.
class MemorySink final : public SnapshotSink {
 public:
  explicit MemorySink(bool shut = false) : shut_(shut) {}

  bool take(std::string& piece, std::chrono::milliseconds wait) override {
    std::unique_lock lock(mutex_);
    asked_ = true;
    changed_.notify_all();
    if (!changed_.wait_for(lock, wait, [this] { return !shut_ || !refusal_.empty(); })) {
      return false;
    }
    if (!refusal_.empty()) return false;
    bytes_.append(piece);
    piece.clear();
    return true;
  }
  std::string refusal() const override {
    const std::lock_guard lock(mutex_);
    return refusal_;
  }
  void finish(std::string rest, Result<SnapshotTotals> result) override {
    const std::lock_guard lock(mutex_);
    bytes_.append(rest);
    result_ = std::move(result);
    changed_.notify_all();
  }

  void open() {
    const std::lock_guard lock(mutex_);
    shut_ = false;
    changed_.notify_all();
  }
  void refuse(const std::string& why) {
    const std::lock_guard lock(mutex_);
    refusal_ = why;
    changed_.notify_all();
  }
  void wait_until_asked() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return asked_; });
  }
  Result<SnapshotTotals> wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return result_.has_value(); });
    return *result_;
  }
  bool is_over() const {
    const std::lock_guard lock(mutex_);
    return result_.has_value();
  }
  std::string bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool shut_, asked_ = false;
  std::string refusal_, bytes_;
  std::optional<Result<SnapshotTotals>> result_;
};

SnapshotOrder order_for(std::shared_ptr<SnapshotSink> sink, Milliseconds limit_ms = kLong) {
  return {secret_of(7), wall_now, limit_ms, std::move(sink)};
}

/// A whole snapshot, in a file.
std::string snapshot_of(Store& store, const TemporaryDirectory& directory) {
  const auto sink = std::make_shared<MemorySink>();
  REQUIRE(store.snapshot(order_for(sink)));
  const auto result = sink->wait();
  INFO((result ? "" : result.error().context));
  REQUIRE(result);
  const std::string bytes = sink->bytes();
  CHECK(result->bytes == bytes.size());
  const std::string path = directory.file("snapshot");
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

RestoreOrder restore_order(const std::string& file, const TemporaryDirectory& directory) {
  RestoreOrder order;
  order.file = file;
  order.directory = directory.file("cache");
  order.map_bytes = 64u << 20;
  order.trusts_others = true;
  order.now = {wall_now().ms + 1};
  return order;
}

Freshness freshness_of(Store& store, const ObjectPlan& plan) {
  StoreReader reader = store.reader();
  const WallTime now = wall_now();
  const auto view = reader.lookup(key_of(plan), canonical_of(plan), mac_of(plan.scope), now);
  return view ? judge(view->meta.lifetime, now) : Freshness::expired;
}

bool is_fresh(Store& store, const ObjectPlan& plan) {
  return freshness_of(store, plan) == Freshness::fresh;
}

PurgeOrder purge_of(unsigned scope) {
  PurgeOrder order;
  order.what = PurgeOrder::What::scope;
  order.api_key = label_of(scope).api_key;
  order.environment = label_of(scope).environment;
  order.branch = label_of(scope).branch;
  return order;
}

std::uint64_t place_of_scope(unsigned scope) {
  const ScopeLabel label = label_of(scope);
  return place_of(label.api_key, label.environment, label.branch);
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

TEST_CASE("snapshot: a store that begins with one has every object and every purge of before it") {
  const TemporaryDirectory directory;
  auto store = open_store(directory.file("first"));
  fill(*store, 0, 100);
  PurgeOrder url;
  url.what = PurgeOrder::What::url;
  url.path = plan_of(17).path;
  REQUIRE(!purge_and_wait(*store, url).error);
  REQUIRE(!purge_and_wait(*store, purge_of(2)).error);
  const std::string file = snapshot_of(*store, directory);
  // What comes later is not in it.
  REQUIRE(put_and_wait(*store, plan_of(200)));
  REQUIRE(put_and_wait(*store, plan_of(5, 999)));

  const auto done = restore_snapshot(restore_order(file, directory));
  INFO((done ? "" : done.error().context));
  REQUIRE(done);
  CHECK(done->totals.objects == 99);
  CHECK(done->purged_places == 0);
  CHECK(!done->clock_is_behind);
  auto next = open_store(directory.file("cache"));
  CHECK(next->stats().warm);
  CHECK(next->epoch() == store->epoch());
  for (unsigned i = 0; i < 100; ++i) {
    CAPTURE(i);
    if (i == 17) {
      CHECK(see(*next, plan_of(i)) == Seen::absent);
      continue;
    }
    CHECK(see(*next, plan_of(i)) == Seen::whole);
    CHECK(is_fresh(*next, plan_of(i)) == (i % 4 != 2));
  }
  CHECK(see(*next, plan_of(200)) == Seen::absent);
  CHECK(put_and_wait(*next, plan_of(300)));
  CHECK(next->stats().begun_anew == 0);
  CHECK(names_in(directory.file("cache")) == std::vector<std::string>{"data.mdb", "secret"});
}

TEST_CASE(
    "snapshot: lookups, stores and purges go on while one is taken, and it shows none of them") {
  const TemporaryDirectory directory;
  auto store = open_store(directory.file("first"));
  fill(*store, 0, 100);
  const auto sink = std::make_shared<MemorySink>(true);
  REQUIRE(store->snapshot(order_for(sink)));
  sink->wait_until_asked();
  fill(*store, 100, 150);
  REQUIRE(!purge_and_wait(*store, purge_of(1)).error);
  for (unsigned i = 0; i < 150; ++i) CHECK(see(*store, plan_of(i)) == Seen::whole);

  const auto second = store->snapshot(order_for(std::make_shared<MemorySink>()));
  REQUIRE(!second);
  CHECK(second.error().code == Error::Code::full);
  CHECK(second.error().context.find("already") != std::string::npos);

  sink->open();
  const auto result = sink->wait();
  REQUIRE(result);
  CHECK(result->objects == 100);
  CHECK(store->stats().snapshots == 1);
  snapshot_of(*store, directory);  // and now there may be another one
  CHECK(store->stats().snapshots == 2);
}

TEST_CASE("snapshot: one that keeps too many freed pages ends, and nothing else is lost") {
  const TemporaryDirectory directory;
  auto store = open_store(directory.file("first"), 8u << 20);
  for (unsigned i = 0; i < 300; ++i) REQUIRE(put_and_wait(*store, small_plan(i)));
  const auto sink = std::make_shared<MemorySink>(true);
  REQUIRE(store->snapshot(order_for(sink)));
  sink->wait_until_asked();
  unsigned i = 300;
  while (!sink->is_over() && i < 20'000) put_and_wait(*store, small_plan(i++));
  CAPTURE(i);
  const auto result = sink->wait();
  REQUIRE(!result);
  INFO(result.error().context);
  CHECK(result.error().context.find("page") != std::string::npos);
  CHECK(store->stats().failed_snapshots == 1);
  for (const unsigned last = i + 500; i < last; ++i) {
    REQUIRE(put_and_wait(*store, small_plan(i)));
    REQUIRE(see(*store, small_plan(i)) == Seen::whole);
  }
  CHECK(store->stats().begun_anew == 0);
  CHECK(store->stats().objects > 100);
  CHECK(store->stats().dropped_map_full == 0);
}

TEST_CASE("snapshot: one ends at its limit, when nobody wants it, and with the store") {
  const TemporaryDirectory directory;
  auto store = open_store(directory.file("first"));
  fill(*store, 0, 300);
  const auto sink = std::make_shared<MemorySink>(true);
  SECTION("limit") {
    REQUIRE(store->snapshot(order_for(sink, 50)));
    const auto result = sink->wait();
    REQUIRE(!result);
    CHECK(result.error().code == Error::Code::timed_out);
    CHECK(result.error().context.find("--limit") != std::string::npos);
  }
  SECTION("refusal") {
    REQUIRE(store->snapshot(order_for(sink)));
    sink->wait_until_asked();
    sink->refuse("nobody is there");
    const auto result = sink->wait();
    REQUIRE(!result);
    CHECK(result.error().context == "nobody is there");
  }
  SECTION("end of the store") {
    REQUIRE(store->snapshot(order_for(sink)));
    sink->wait_until_asked();
    store.reset();
    const auto result = sink->wait();
    REQUIRE(!result);
    CHECK(result.error().context == "larderd stops");
  }
  // Its end is there, and says that it is none.
  SnapshotScanner scanner({});
  const Result<void> fed = scanner.feed(sink->bytes());
  REQUIRE(!fed);
  CHECK(fed.error().code == Error::Code::unavailable);
}

TEST_CASE("snapshot: on the node that took it nothing is fresh, for its own purges are forgotten") {
  const TemporaryDirectory directory;
  auto store = open_store(directory.file("cache"));
  fill(*store, 0, 8);
  RestoreOrder order = restore_order(snapshot_of(*store, directory), directory);
  PurgeOrder url;
  url.what = PurgeOrder::What::url;
  url.path = plan_of(3).path;
  REQUIRE(!purge_and_wait(*store, url).error);
  store.reset();
  const auto& secret = secret_of(7).bytes;  // the store's own
  std::ofstream(order.directory + "/secret", std::ios::binary)
      .write(reinterpret_cast<const char*>(secret.data()), secret.size());
  order.replaces = true;
  const auto done = restore_snapshot(order);
  REQUIRE(done);
  CHECK(done->is_of_this_node);
  auto next = open_store(order.directory);
  for (unsigned i = 0; i < 8; ++i) CHECK(!is_fresh(*next, plan_of(i)));
}

TEST_CASE("snapshot: what lies in the place of its parts is not followed elsewhere") {
  const TemporaryDirectory directory;
  auto store = open_store(directory.file("first"));
  fill(*store, 0, 8);
  const RestoreOrder order = restore_order(snapshot_of(*store, directory), directory);
  std::filesystem::create_directories(directory.file("victim"));
  for (const char* name : {"victim/data.mdb", "victim/secret"}) {
    std::ofstream(directory.file(name)) << "kept";
  }
  std::filesystem::create_directories(order.directory);
  std::filesystem::create_directory_symlink(directory.file("victim"),
                                            order.directory + "/restoring");
  const auto done = restore_snapshot(order);
  INFO((done ? "" : done.error().context));
  REQUIRE(done);
  CHECK(std::filesystem::file_size(directory.file("victim/data.mdb")) == 4);
  CHECK(std::filesystem::file_size(directory.file("victim/secret")) == 4);
  CHECK(!std::filesystem::is_symlink(order.directory + "/restoring"));
  CHECK(open_store(order.directory)->stats().warm);
}

TEST_CASE("snapshot: of places that nobody follows nothing is fresh, until it is asked for again") {
  const TemporaryDirectory directory;
  auto store = open_store(directory.file("first"));
  fill(*store, 0, 40);
  const std::string file = snapshot_of(*store, directory);
  RestoreOrder order = restore_order(file, directory);
  order.trusts_others = false;
  order.trusted = {place_of_scope(0), place_of_scope(3)};
  const auto done = restore_snapshot(order);
  REQUIRE(done);
  CHECK(done->purged_places == 2);
  auto next = open_store(order.directory);
  for (unsigned i = 0; i < 40; ++i) {
    CAPTURE(i);
    CHECK(see(*next, plan_of(i)) == Seen::whole);
    CHECK(is_fresh(*next, plan_of(i)) == (i % 4 == 0 || i % 4 == 3));
  }
  // What is stored from now on is fresh.
  NewObject object = long_fresh(plan_of(1));
  object.epoch = next->epoch();
  Outcome<bool> stored;
  REQUIRE(put(*next, std::move(object), label_of(1), [&](bool kept) { stored.set(kept); }));
  REQUIRE(stored.wait());
  CHECK(is_fresh(*next, plan_of(1)));
  next.reset();
  CHECK(is_fresh(*open_store(order.directory), plan_of(1)));
  CHECK(!is_fresh(*open_store(order.directory), plan_of(5)));
}

constexpr Milliseconds kUnknownFor = 60'000;

void start(Store& store, const std::vector<std::uint64_t>& followed, bool others) {
  const WallTime now = wall_now();
  store.doubt(followed, others, {now.ms + 1}, {now.ms + kUnknownFor});
}

TEST_CASE("snapshot: what a restored store trusts is said by the configuration of its start") {
  const TemporaryDirectory directory;
  auto store = open_store(directory.file("first"));
  fill(*store, 0, 40);
  RestoreOrder order = restore_order(snapshot_of(*store, directory), directory);
  order.trusts_others = true;
  REQUIRE(restore_snapshot(order));
  auto next = open_store(order.directory);
  const auto reopened = [&] {
    next.reset();
    next = open_store(order.directory);
  };
  const bool caught_up = GENERATE(true, false);
  CAPTURE(caught_up);

  // All is followed, and purge.unknown_for does not count.
  start(*next, {place_of_scope(0)}, true);
  for (unsigned i = 0; i < 4; ++i) CHECK(!is_fresh(*next, plan_of(i)));
  next->know(place_of_scope(0));
  if (caught_up) next->know_others();
  for (unsigned i = 0; i < 4; ++i) CHECK(is_fresh(*next, plan_of(i)) == caught_up);

  // Then scope 1 alone.
  reopened();
  start(*next, {place_of_scope(1)}, false);
  for (unsigned i = 0; i < 4; ++i) CHECK(is_fresh(*next, plan_of(i)) == caught_up);
  next->know(place_of_scope(1));
  for (unsigned i = 0; i < 4; ++i) CHECK(is_fresh(*next, plan_of(i)) == (i == 1 || caught_up));

  // From then on it is a store like any other.
  reopened();
  start(*next, {place_of_scope(1)}, false);
  for (unsigned i = 0; i < 4; ++i) CHECK(is_fresh(*next, plan_of(i)) == (i == 1 || caught_up));
}

TEST_CASE("snapshot: by a clock that is set back behind the restore nothing is trusted") {
  const TemporaryDirectory directory;
  auto store = open_store(directory.file("first"));
  fill(*store, 0, 8);
  RestoreOrder order = restore_order(snapshot_of(*store, directory), directory);
  REQUIRE(restore_snapshot(order));
  auto next = open_store(order.directory);
  next->doubt({place_of_scope(0)}, true, {wall_now().ms - 3'600'000}, {});
  for (unsigned i = 0; i < 8; ++i) CHECK(!is_fresh(*next, plan_of(i)));
  next->know(place_of_scope(0));
  next->know_others();
  for (unsigned i = 0; i < 8; ++i) CHECK(!is_fresh(*next, plan_of(i)));
}

TEST_CASE("snapshot: a restored store that nobody follows is asked for again once") {
  const TemporaryDirectory directory;
  auto store = open_store(directory.file("first"));
  fill(*store, 0, 8);
  store->set_soft_for(kUnknownFor);
  RestoreOrder order = restore_order(snapshot_of(*store, directory), directory);
  REQUIRE(restore_snapshot(order));
  for (unsigned starts = 0; starts < 3; ++starts) {
    CAPTURE(starts);
    auto next = open_store(order.directory);
    next->set_soft_for(kUnknownFor);
    start(*next, {}, false);
    // Not even once while it is refreshed.
    CHECK(freshness_of(*next, plan_of(1)) == Freshness::stale_if_error);
    CHECK(is_fresh(*next, plan_of(2)) == (starts > 0));
    NewObject object = long_fresh(plan_of(2));
    object.epoch = next->epoch();
    Outcome<bool> stored;
    REQUIRE(put(*next, std::move(object), label_of(2), [&](bool kept) { stored.set(kept); }));
    REQUIRE(stored.wait());
    CHECK(is_fresh(*next, plan_of(2)));
  }
}

TEST_CASE("snapshot: where the clock is behind that of the other node nothing is trusted") {
  const TemporaryDirectory directory;
  auto store = open_store(directory.file("first"));
  fill(*store, 0, 8);
  RestoreOrder order = restore_order(snapshot_of(*store, directory), directory);
  order.now = {wall_now().ms - 3'600'000};
  const auto done = restore_snapshot(order);
  REQUIRE(done);
  CHECK(done->clock_is_behind);
  CHECK(done->purged_places == 4);
  auto next = open_store(order.directory);
  for (unsigned i = 0; i < 8; ++i) CHECK(!is_fresh(*next, plan_of(i)));
}

TEST_CASE("snapshot: positions of feeds come along, but those that are the other node's own") {
  const TemporaryDirectory directory;
  auto store = open_store(directory.file("first"));
  fill(*store, 0, 4);
  for (const char* feed : {"bus one", "owes one", "owes two"}) {
    PurgeOrder order = purge_of(0);
    order.position = FeedPosition{feed, "17"};
    REQUIRE(!purge_and_wait(*store, order).error);
  }
  RestoreOrder order = restore_order(snapshot_of(*store, directory), directory);
  order.dropped_feeds = {"owes "};
  REQUIRE(restore_snapshot(order));
  auto next = open_store(order.directory);
  CHECK(next->feed_position("bus one") == "17");
  CHECK(!next->feed_position("owes one"));
  CHECK(!next->feed_position("owes two"));
}

TEST_CASE("snapshot: one that is damaged or too large leaves the directory as it was") {
  const bool has_store = GENERATE(false, true);
  const TemporaryDirectory directory;
  auto store = open_store(directory.file("first"));
  fill(*store, 0, 200);
  const std::string file = snapshot_of(*store, directory);
  RestoreOrder order = restore_order(file, directory);
  const auto bytes = std::filesystem::file_size(file);
  std::string wanted;
  SECTION("truncated") {
    std::filesystem::resize_file(file, bytes - 1);
    wanted = "truncated";
  }
  SECTION("flipped") {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(static_cast<std::streamoff>(bytes / 2));
    stream.put('\x55');
    wanted = "damaged";
  }
  SECTION("too small a cache") {
    order.map_bytes = 1u << 20;
    wanted = "cache.size is too small";
  }
  SECTION("absent") {
    order.file += ".none";
    wanted = "cannot open";
  }
  CAPTURE(has_store, wanted);
  if (has_store) {
    auto there = open_store(order.directory);
    fill(*there, 500, 504);
    order.replaces = true;
  }
  const auto done = restore_snapshot(order);
  REQUIRE(!done);
  INFO(done.error().context);
  CHECK(done.error().context.find(wanted) != std::string::npos);
  CHECK(done.error().context.find(order.file) != std::string::npos);
  CHECK(names_in(order.directory) ==
        (has_store ? std::vector<std::string>{"data.mdb"} : std::vector<std::string>{}));
  CHECK(see(*open_store(order.directory), plan_of(500)) ==
        (has_store ? Seen::whole : Seen::absent));
}

TEST_CASE("snapshot: a store that is there stays, unless it is to be replaced") {
  const TemporaryDirectory directory;
  auto store = open_store(directory.file("first"));
  fill(*store, 0, 8);
  RestoreOrder order = restore_order(snapshot_of(*store, directory), directory);
  {
    auto there = open_store(order.directory);
    fill(*there, 500, 504);
    CHECK_THROWS(restore_snapshot(order));  // a larderd uses it
  }
  const auto refused = restore_snapshot(order);
  REQUIRE(!refused);
  CHECK(refused.error().context.find("--replace") != std::string::npos);
  CHECK(see(*open_store(order.directory), plan_of(500)) == Seen::whole);
  order.replaces = true;
  REQUIRE(restore_snapshot(order));
  auto next = open_store(order.directory);
  CHECK(see(*next, plan_of(500)) == Seen::absent);
  CHECK(see(*next, plan_of(0)) == Seen::whole);
}

/// A disk of 4 MiB in the place of the directory, for this process alone; false = takes root.
bool mount_small_disk(const std::string& directory) {
  std::filesystem::create_directory(directory);
  return ::unshare(CLONE_NEWNS) == 0 &&
         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("none", directory.c_str(), "tmpfs", 0, "size=4m") == 0;
}

TEST_CASE("snapshot: where the disk takes no more, that disk is named, and what it has") {
  constexpr int kNotRoot = 77;
  const TemporaryDirectory directory;
  auto store = open_store(directory.file("first"));
  fill(*store, 0, 400);
  const RestoreOrder order = restore_order(snapshot_of(*store, directory), directory);
  store.reset();
  const std::string told = directory.file("told");
  const int status = in_child([&] {
    if (!mount_small_disk(order.directory)) return kNotRoot;
    const auto done = restore_snapshot(order);
    std::ofstream(told) << (done ? "it is restored" : done.error().context);
    return names_in(order.directory).empty() ? 0 : 1;
  });
  if (ended_with(status, kNotRoot)) SKIP("a disk of one's own takes root");
  std::ifstream file(told);
  const std::string why{std::istreambuf_iterator<char>(file), {}};
  CAPTURE(status, why);
  CHECK(ended_with(status, 0));
  CHECK(why.find("the disk of " + order.directory + " has ") != std::string::npos);
  CHECK(why.find(" free, the snapshot has 9 MiB: make room") != std::string::npos);
}

TEST_CASE("snapshot: a restore that dies leaves nothing, or all of it") {
  const TemporaryDirectory directory;
  auto store = open_store(directory.file("first"), 256u << 20);
  fill(*store, 0, 400);
  RestoreOrder order = restore_order(snapshot_of(*store, directory), directory);
  store.reset();
  unsigned died = 0, whole = 0;
  for (unsigned round = 0; round < 40 / kSlowness; ++round) {
    std::filesystem::remove_all(order.directory);
    const int status = in_child([&] {
      // A timer that kills it at another moment in each round.
      itimerval after{};
      after.it_value.tv_usec = 1 + 700 * static_cast<suseconds_t>(round);
      std::signal(SIGALRM, SIG_DFL);
      ::setitimer(ITIMER_REAL, &after, nullptr);
      return restore_snapshot(order) ? 0 : 1;
    });
    CAPTURE(round, status);
    const bool ended = ended_with(status, 0);
    died += ended ? 0 : 1;
    // The directory may not even be there.
    auto next = open_store(order.directory);
    const std::uint64_t objects = next->stats().objects;
    CHECK((objects == 0 || objects == 400));
    if (ended) CHECK(objects == 400);
    whole += objects == 400 ? 1 : 0;
    for (const std::string& name : names_in(order.directory)) CHECK(name != "restoring");
  }
  CAPTURE(died, whole);
  CHECK(died > 0);
}

}  // namespace
}  // namespace larder::test
