// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <lmdb.h>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

#include "cache/store/format.h"
#include "cache/store/store.h"
#include "tests/cache/store_fixture.h"

namespace larder::test {
namespace {

constexpr Bytes kSize = 8u << 20;
constexpr unsigned kObjects = 150;
constexpr std::size_t kPage = 4'096;

constexpr int kFine = 0;
constexpr int kWrongBytes = 1;
constexpr int kUnusable = 2;
constexpr int kPurgeMissed = 3;

ObjectPlan plan_of(unsigned number) {
  ObjectPlan plan;
  plan.path = "/v3/entries/" + std::to_string(number);
  plan.scope = number % 3;
  plan.seed = number + 1;
  plan.length = number % 25 == 0 ? 200'000 : 200 + number * 37;
  return plan;
}

CacheConfig small_config(const std::string& path) {
  CacheConfig config = config_at(path, kSize);
  config.max_object_bytes = 250'000;
  return config;
}

/// The used part of a database with kObjects objects, some of them twice, some gone.
std::string make_database() {
  const TemporaryDirectory directory;
  std::uint64_t used = 0;
  {
    Store store(small_config(directory.path()), 100, hasher(), make_fifo());
    Countdown stored(2 * kObjects);
    for (unsigned i = 0; i < 2 * kObjects; ++i) {
      const ObjectPlan plan = plan_of(i % kObjects);
      LARDER_CHECK(
          put(store, make_object(plan), label_of(plan.scope), [&](bool) { stored.one_less(); }));
    }
    stored.wait();
    used = store.stats().file_bytes;
  }
  std::ifstream file(directory.file("data.mdb"), std::ios::binary);
  std::string bytes(used, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(used));
  LARDER_CHECK(file.good());
  return bytes;
}

const std::string& database() {
  static const std::string bytes = make_database();
  return bytes;
}

/// LMDB trusts the offsets in its pages: writing to a damaged one can break the heap, of which the
/// process dies sooner or later. Under a sanitizer, which sees it first, it dies by that too; but
/// not for what larder itself does.
void let_lmdb_break_the_heap() {
#if defined(__SANITIZE_ADDRESS__)
  __asan_set_error_report_callback([](const char* report) {
    const char* caller = std::strstr(report, "\n    #1 ");
    const std::string_view line = caller == nullptr ? "" : caller + 1;
    if (line.substr(0, line.find('\n')).find("liblmdb") != line.npos) std::abort();
  });
#endif
}

/// Everything that a store does, on whatever lies in `path`. What it finds must be right.
int use_store(const std::string& path) {
  install_store_fault_handler();
  let_lmdb_break_the_heap();
  Store store(small_config(path), 100, hasher(), make_fifo());
  for (int round = 0; round < 2; ++round) {
    for (unsigned i = 0; i < kObjects; ++i) {
      const Seen seen = see(store, plan_of(i));
      if (seen == Seen::wrong) return kWrongBytes;
    }
  }
  PurgeOrder order;
  order.what = PurgeOrder::What::scope;
  order.branch = "next";
  order.hard = true;
  if (purge_and_wait(store, order).error) return kUnusable;
  for (unsigned i = 0; i < kObjects; ++i) {
    if (i % 3 == 1 && see(store, plan_of(i)) != Seen::absent) return kPurgeMissed;
  }
  // Enough to evict, so that every old row is met.
  std::atomic<unsigned> committed = 0;
  for (unsigned i = 1'000; i < 1'080; ++i) {
    ObjectPlan plan = plan_of(i);
    plan.length = 100'000;
    const auto done = [&](bool stored) { committed += stored ? 1 : 0; };
    if (!put(store, make_object(plan), label_of(plan.scope), done)) return kUnusable;
    if (i % 10 == 0 && see(store, plan) == Seen::wrong) return kWrongBytes;
  }
  drain(store);
  if (committed < 60) return kUnusable;
  return purge_and_wait(store, PurgeOrder{}).error ? kUnusable : kFine;
}

/// Runs the store on a damaged file. It may give the file up, may even die for it; but some start
/// later it is at work again.
void check_survives(const std::string& bytes, bool may_miss = false) {
  const TemporaryDirectory directory;
  std::ofstream(directory.file("data.mdb"), std::ios::binary) << bytes;
  // The file as the store leaves it: sparse behind what is used.
  std::filesystem::resize_file(directory.file("data.mdb"), kSize);
  for (int start = 0; start < 5; ++start) {
    const int status = in_child([&] { return use_store(directory.path()); });
    CAPTURE(start, status);
    if (ended_with(status, kFine) || (may_miss && ended_with(status, kPurgeMissed))) return;
    REQUIRE((ended_with(status, kStoreFaultExit) ||
             (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)));
  }
  FAIL("five starts were not enough");
}

}  // namespace

TEST_CASE("store: a file cut anywhere is noticed before it is mapped", "[store][damage]") {
  const std::size_t used = database().size();
  const std::size_t length = GENERATE_COPY(
      values<std::size_t>({0, 1, 100, kPage - 1, kPage, kPage + 100, 2 * kPage - 1, 2 * kPage,
                           3 * kPage, used / 2, used - kPage, used - 1, used}));
  CAPTURE(length, used);
  const TemporaryDirectory directory;
  std::ofstream(directory.file("data.mdb"), std::ios::binary) << database().substr(0, length);
  CHECK(ended_with(in_child([&] { return use_store(directory.path()); }), kFine));
  // A large one has gone again, for the room that the new database needed.
  if (length != used && length > used / 3) return;
  CHECK(std::filesystem::exists(directory.file("data.mdb.quarantined")) ==
        (length != 0 && length != used));
}

TEST_CASE("store: a file that is no database is moved aside", "[store][damage]") {
  const TemporaryDirectory directory;
  std::ofstream(directory.file("data.mdb"), std::ios::binary) << body_of(1, 100'000);
  std::ofstream(directory.file("lock.mdb"), std::ios::binary) << body_of(2, 100'000);
  CHECK(ended_with(in_child([&] { return use_store(directory.path()); }), kFine));
  CHECK(std::filesystem::exists(directory.file("data.mdb.quarantined")));
}

TEST_CASE("store: whatever bit is flipped, no wrong byte is given out", "[store][damage]") {
  // Half of them where LMDB keeps its own, at the beginning of pages.
  for (std::uint64_t round = 0; round < 150 / kSlowness; ++round) {
    Numbers numbers(round);
    std::string bytes = database();
    const std::size_t page = numbers() % (bytes.size() / kPage);
    const std::size_t at = page * kPage + numbers() % (round % 2 == 0 ? kPage : 48);
    CAPTURE(round, page, at % kPage);
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << numbers() % 8));
    check_survives(bytes);
  }
}

TEST_CASE("store: pages lost, doubled or filled with noise give no wrong byte", "[store][damage]") {
  for (std::uint64_t round = 0; round < 90 / kSlowness; ++round) {
    Numbers numbers(round + 1'000);
    std::string bytes = database();
    const std::size_t pages = bytes.size() / kPage;
    const std::size_t page = round < 6 ? round / 3 : numbers() % pages;
    CAPTURE(round, page);
    const std::string other = round % 3 == 0   ? std::string(kPage, '\0')
                              : round % 3 == 1 ? bytes.substr(numbers() % pages * kPage, kPage)
                                               : body_of(round, kPage);
    bytes.replace(page * kPage, kPage, other);
    // An older page in the place of a newer one is a lost write: rows in it that LMDB finds are
    // whole, whether they should still be there nobody can tell.
    check_survives(bytes, round % 3 == 1);
  }
}

TEST_CASE("store: a file cut while it is in use ends the process, and the next start is clean",
          "[store][damage]") {
  const TemporaryDirectory directory;
  std::ofstream(directory.file("data.mdb"), std::ios::binary) << database();
  const int status = in_child([&] {
    install_store_fault_handler();
    Store store(small_config(directory.path()), 100, hasher(), make_fifo());
    if (see(store, plan_of(1)) != Seen::whole) return kWrongBytes;
    std::filesystem::resize_file(directory.file("data.mdb"), 2 * kPage);
    return see(store, plan_of(1)) == Seen::wrong ? kWrongBytes : kFine;
  });
  CAPTURE(status);
  CHECK(ended_with(status, kStoreFaultExit));
  CHECK(ended_with(in_child([&] { return use_store(directory.path()); }), kFine));
  CHECK(std::filesystem::exists(directory.file("data.mdb.quarantined")));
}

TEST_CASE("store: a fault outside of it takes its usual way", "[store][damage]") {
  const int status = in_child([] {
    // Sanitizers would answer in their own way.
    ::signal(SIGSEGV, SIG_DFL);
    install_store_fault_handler();
    ::raise(SIGSEGV);
    ::raise(SIGSEGV);
    return 0;
  });
  CHECK(WIFSIGNALED(status));
}

namespace {

/// Changes one bit of an object's head row, or of a chunk row of it, in a closed database.
void damage_row(const std::string& directory, const ObjectPlan& plan,
                std::optional<std::uint32_t> chunk, std::size_t from_end) {
  MDB_env* env = nullptr;
  MDB_txn* txn = nullptr;
  MDB_dbi table = 0;
  LARDER_CHECK(mdb_env_create(&env) == 0);
  mdb_env_set_maxdbs(env, 8);
  mdb_env_set_mapsize(env, kSize);
  LARDER_CHECK(mdb_env_open(env, directory.c_str(), 0, 0600) == 0);
  LARDER_CHECK(mdb_txn_begin(env, nullptr, 0, &txn) == 0);
  LARDER_CHECK(mdb_dbi_open(txn, "objects", 0, &table) == 0);
  std::string name(key_of(plan).view());
  MDB_val key{name.size(), name.data()};
  MDB_val value{};
  LARDER_CHECK(mdb_get(txn, table, &key, &value) == 0);
  if (chunk) {
    const auto head = read_object({static_cast<const char*>(value.mv_data), value.mv_size});
    LARDER_CHECK(head);
    name = ChunkRowKey(head->sequence, *chunk).view();
    key = {name.size(), name.data()};
    LARDER_CHECK(mdb_dbi_open(txn, "chunks", 0, &table) == 0);
    LARDER_CHECK(mdb_get(txn, table, &key, &value) == 0);
  }
  std::string row(static_cast<const char*>(value.mv_data), value.mv_size);
  row[row.size() - from_end] = static_cast<char>(row[row.size() - from_end] ^ 1);
  MDB_val damaged{row.size(), row.data()};
  LARDER_CHECK(mdb_put(txn, table, &key, &damaged, 0) == 0);
  LARDER_CHECK(mdb_txn_commit(txn) == 0);
  mdb_env_close(env);
}

/// Cuts the first row of table `index` of a closed database short.
void damage_index(const std::string& directory) {
  MDB_env* env = nullptr;
  MDB_txn* txn = nullptr;
  MDB_dbi index = 0;
  MDB_cursor* cursor = nullptr;
  LARDER_CHECK(mdb_env_create(&env) == 0);
  mdb_env_set_maxdbs(env, 8);
  mdb_env_set_mapsize(env, kSize);
  LARDER_CHECK(mdb_env_open(env, directory.c_str(), 0, 0600) == 0);
  LARDER_CHECK(mdb_txn_begin(env, nullptr, 0, &txn) == 0);
  LARDER_CHECK(mdb_dbi_open(txn, "index", 0, &index) == 0);
  LARDER_CHECK(mdb_cursor_open(txn, index, &cursor) == 0);
  MDB_val key{};
  MDB_val value{};
  LARDER_CHECK(mdb_cursor_get(cursor, &key, &value, MDB_FIRST) == 0);
  std::string name(static_cast<const char*>(key.mv_data), key.mv_size);
  mdb_cursor_close(cursor);
  MDB_val short_key{name.size(), name.data()};
  MDB_val cut{1, name.data()};
  LARDER_CHECK(mdb_put(txn, index, &short_key, &cut, 0) == 0);
  LARDER_CHECK(mdb_txn_commit(txn) == 0);
  mdb_env_close(env);
}

}  // namespace

TEST_CASE("store: a damaged object is counted, removed, and stored again", "[store][damage]") {
  struct Case {
    const char* name;
    unsigned number;
    std::optional<std::uint32_t> chunk;
    std::size_t from_end;
  };
  const Case c = GENERATE(values<Case>({
      {"body of a small one", 1, std::nullopt, 1},
      {"head of a small one", 1, std::nullopt, 400},
      {"head of one in chunks", 25, std::nullopt, 1},
      {"first chunk", 25, 0, 1},
      {"last chunk", 25, 3, 1},
  }));
  CAPTURE(c.name);
  const TemporaryDirectory directory;
  std::ofstream(directory.file("data.mdb"), std::ios::binary) << database();
  const ObjectPlan plan = plan_of(c.number);
  damage_row(directory.path(), plan, c.chunk, c.from_end);
  Store store(small_config(directory.path()), 100, hasher(), make_fifo());
  {
    StoreReader reader = store.reader();
    const Seen seen = see(reader, plan);
    CHECK((seen == Seen::absent || seen == Seen::cut_off));
    CHECK(store.stats().corrupt == 1);
  }
  drain(store);
  CHECK(see(store, plan) == Seen::absent);
  CHECK(store.stats().corrupt == 1);
  CHECK(put_and_wait(store, plan));
  CHECK(see(store, plan) == Seen::whole);
  for (unsigned i = 0; i < kObjects; ++i) {
    CAPTURE(i);
    REQUIRE(see(store, plan_of(i)) == Seen::whole);
  }
  CHECK(store.stats().begun_anew == 0);
  CHECK(purge_and_wait(store, PurgeOrder{}).error.has_value() == false);
}

TEST_CASE("store: what cannot be moved aside is never used again, and no purge says it is done",
          "[store][damage]") {
  const TemporaryDirectory directory;
  std::ofstream(directory.file("data.mdb"), std::ios::binary) << database();
  damage_index(directory.path());
  std::filesystem::create_directories(directory.file("data.mdb.quarantined/obstacle"));
  Store store(small_config(directory.path()), 100, hasher(), make_fifo());
  PurgeOrder order;
  order.what = PurgeOrder::What::scope;
  order.branch = "main";
  for (int turn = 0; turn < 3; ++turn) {
    CHECK(purge_and_wait(store, order).error);
    CHECK(purge_and_wait(store, PurgeOrder{}).error);
    for (unsigned i = 0; i < kObjects; ++i) REQUIRE(see(store, plan_of(i)) == Seen::absent);
    CHECK_FALSE(put_and_wait(store, plan_of(1)));
  }
  std::filesystem::remove_all(directory.file("data.mdb.quarantined"));
  CHECK_FALSE(purge_and_wait(store, order).error);
  for (unsigned i = 0; i < kObjects; ++i) REQUIRE(see(store, plan_of(i)) == Seen::absent);
  CHECK(put_and_wait(store, plan_of(1)));
  CHECK(see(store, plan_of(1)) == Seen::whole);
}

}  // namespace larder::test
