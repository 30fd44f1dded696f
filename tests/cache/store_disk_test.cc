// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <new>
#include <thread>

#include "cache/store/fault.h"
#include "cache/store/store.h"
#include "conf/base/startup_error.h"
#include "tests/cache/disk_faults.h"
#include "tests/cache/store_fixture.h"

// The store on a disk that is full, fails, is slow or was mounted read-only, and in a directory
// that others have touched.

namespace larder::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kRelief{5};  ///< storing resumes within
constexpr unsigned kObjects = 40;

ObjectPlan plan_of(unsigned i) {
  ObjectPlan plan;
  plan.path = "/v3/entries/" + std::to_string(i);
  plan.scope = i % 3;
  plan.length = i % 10 == 0 ? 200'000 : 3'000;
  plan.seed = i + 1;
  return plan;
}

std::unique_ptr<Store> open_store(const std::string& path, Bytes size = 64u << 20) {
  return std::make_unique<Store>(config_at(path, size), 100, hasher(), make_fifo());
}

void fill(Store& store, unsigned from = 0, unsigned to = kObjects) {
  for (unsigned i = from; i < to; ++i) REQUIRE(put_and_wait(store, plan_of(i)));
}

unsigned whole_ones(Store& store, unsigned count = kObjects) {
  unsigned whole = 0;
  for (unsigned i = 0; i < count; ++i) whole += see(store, plan_of(i)) == Seen::whole ? 1 : 0;
  return whole;
}

/// Tries until the store takes the object.
bool stored_within(Store& store, const ObjectPlan& plan, Clock::duration time) {
  const Clock::time_point until = Clock::now() + time;
  while (Clock::now() < until) {
    if (put_and_wait(store, plan)) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

bool quarantined(const TemporaryDirectory& directory) {
  return std::filesystem::exists(directory.file("data.mdb.quarantined"));
}

/// Mends the disk at the end, whatever comes.
struct BadDisk {
  ~BadDisk() { disk_faults.mend(); }
};

/// A tmpfs of 8 MiB.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& path) : path_(path) {
    mounted_ =
        ::geteuid() == 0 && ::mount("none", path.c_str(), "tmpfs", 0, "size=8m,mode=0700") == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  bool remount(unsigned long flags) {
    return ::mount("none", path_.c_str(), "tmpfs", MS_REMOUNT | flags, "size=8m") == 0;
  }
  /// Takes all blocks that are left.
  void fill() {
    std::ofstream file(path_ + "/filler");
    const std::string block(4'096, 'x');
    while (file.write(block.data(), 4'096).flush()) {
    }
  }
  void relieve() { std::filesystem::remove(path_ + "/filler"); }

 private:
  std::string path_;
  bool mounted_ = false;
};

}  // namespace

TEST_CASE("store: while the disk refuses, hits go on, and storing resumes soon after",
          "[store][disk]") {
  struct Case {
    const char* name;
    std::atomic<int>& fault;
    int error;
  };
  const auto& c = GENERATE(values<Case>({
      {"EIO of writes", disk_faults.write_error, EIO},
      {"ENOSPC of writes", disk_faults.write_error, ENOSPC},
      {"EDQUOT of writes", disk_faults.write_error, EDQUOT},
      {"EROFS of writes", disk_faults.write_error, EROFS},
      {"EIO of syncs", disk_faults.sync_error, EIO},
      {"EIO of metadata pages", disk_faults.meta_error, EIO},
  }));
  CAPTURE(c.name);
  const TemporaryDirectory directory;
  const BadDisk bad;
  const auto store = open_store(directory.path());
  fill(*store);
  drain(*store);
  c.fault = c.error;
  for (int i = 0; i < 5; ++i) {
    CHECK_FALSE(put_and_wait(*store, plan_of(1'000)));
    CHECK(whole_ones(*store) == kObjects);
  }
  CHECK(store->stats().state == StoreState::refused);
  CHECK_FALSE(store->stats().trouble.empty());
  CHECK(purge_and_wait(*store, PurgeOrder{}).error);
  CHECK(whole_ones(*store) == kObjects);
  disk_faults.mend();
  CHECK(stored_within(*store, plan_of(1'000), kRelief));
  CHECK(store->stats().state == StoreState::writes);
  CHECK(whole_ones(*store) == kObjects);
  CHECK(store->stats().begun_anew == 0);
  CHECK_FALSE(quarantined(directory));
  CHECK_FALSE(purge_and_wait(*store, PurgeOrder{}).error);
  CHECK(whole_ones(*store) == 0);
}

TEST_CASE("store: nothing leaves for what is stored right after a refusal", "[store][disk]") {
  const TemporaryDirectory directory;
  const BadDisk bad;
  const auto store = open_store(directory.path());
  fill(*store);
  disk_faults.write_error = EIO;
  CHECK_FALSE(put_and_wait(*store, plan_of(1'000)));
  disk_faults.mend();
  drain(*store);  // a commit that is not a put's finds the disk well again
  CHECK(put_and_wait(*store, plan_of(1'000)));
  CHECK(whole_ones(*store) == kObjects);
  CHECK(store->stats().evicted == 0);
}

TEST_CASE("store: a start while the disk refuses serves what is stored", "[store][disk]") {
  const TemporaryDirectory directory;
  const BadDisk bad;
  {
    const auto store = open_store(directory.path());
    fill(*store);
  }
  disk_faults.write_error = disk_faults.sync_error = GENERATE(EIO, ENOSPC);
  const auto store = open_store(directory.path());
  CHECK(whole_ones(*store) == kObjects);
  CHECK_FALSE(put_and_wait(*store, plan_of(1'000)));
  CHECK(whole_ones(*store) == kObjects);
  disk_faults.mend();
  CHECK(stored_within(*store, plan_of(1'000), kRelief));
  CHECK(whole_ones(*store) == kObjects);
  CHECK_FALSE(quarantined(directory));
}

TEST_CASE("store: a first start while the disk refuses stores later", "[store][disk]") {
  const TemporaryDirectory directory;
  const BadDisk bad;
  disk_faults.write_error = EIO;
  const auto store = open_store(directory.path());
  CHECK(store->stats().state == StoreState::none);
  CHECK_FALSE(put_and_wait(*store, plan_of(1)));
  CHECK(purge_and_wait(*store, PurgeOrder{}).error);
  disk_faults.mend();
  CHECK(stored_within(*store, plan_of(1), kRelief));
  CHECK(see(*store, plan_of(1)) == Seen::whole);
}

TEST_CASE("store: a restart on a full disk keeps the cache", "[store][disk]") {
  const TemporaryDirectory directory;
  SmallDisk disk(directory.path());
  if (!disk.mounted()) SKIP("needs root to mount a tmpfs of 8 MiB");
  {
    const auto store = open_store(directory.path());
    fill(*store);
  }
  disk.fill();
  const int status = in_child([&] {
    install_store_fault_handler();
    const auto store = open_store(directory.path());
    return whole_ones(*store) == kObjects ? 0 : 1;
  });
  CAPTURE(status);
  CHECK(ended_with(status, 0));
  const auto store = open_store(directory.path());
  drain(*store);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // nothing leaves for nothing
  CHECK(whole_ones(*store) == kObjects);
  CHECK_FALSE(quarantined(directory));
  disk.relieve();
  // Until the disk is asked again, others leave for what is new.
  const Clock::time_point until = Clock::now() + kRelief;
  while (store->stats().state != StoreState::writes && Clock::now() < until) {
    drain(*store);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  CHECK(stored_within(*store, plan_of(1'000), kRelief));
  CHECK(whole_ones(*store) == kObjects);
}

TEST_CASE("store: a restart on a disk mounted read-only serves, and stores when it can",
          "[store][disk]") {
  const TemporaryDirectory directory;
  SmallDisk disk(directory.path());
  if (!disk.mounted()) SKIP("needs root to mount a tmpfs of 8 MiB");
  {
    const auto store = open_store(directory.path());
    fill(*store);
  }
  REQUIRE(disk.remount(MS_RDONLY));
  const auto store = open_store(directory.path());
  StoreReader in_its_turn = store->reader();
  REQUIRE(see(in_its_turn, plan_of(1)) == Seen::whole);
  CHECK(store->stats().state == StoreState::read_only);
  CHECK(whole_ones(*store) == kObjects);
  CHECK_FALSE(put_and_wait(*store, plan_of(1'000)));
  CHECK(purge_and_wait(*store, PurgeOrder{}).error);
  CHECK(whole_ones(*store) == kObjects);
  REQUIRE(disk.remount(0));
  // Nothing is written while anybody reads by a table of readers that the writer does not know.
  CHECK_FALSE(stored_within(*store, plan_of(1'000), std::chrono::seconds(2)));
  in_its_turn.end_turn();
  CHECK(stored_within(*store, plan_of(1'000), kRelief));
  CHECK(whole_ones(*store) == kObjects);
  CHECK(store->stats().state == StoreState::writes);
  CHECK_FALSE(quarantined(directory));
  CHECK_FALSE(purge_and_wait(*store, PurgeOrder{}).error);
  CHECK(whole_ones(*store) == 0);
}

TEST_CASE("store: after a full disk the cache grows again within seconds", "[store][disk]") {
  const TemporaryDirectory directory;
  SmallDisk disk(directory.path());
  if (!disk.mounted()) SKIP("needs root to mount a tmpfs of 8 MiB");
  const auto store = open_store(directory.path());
  fill(*store, 1, 10);
  disk.fill();
  unsigned next = 2'000;
  while (store->stats().state == StoreState::writes && next < 4'000) {
    static_cast<void>(put_and_wait(*store, plan_of(next++)));
  }
  REQUIRE(next < 4'000);
  const std::uint64_t before = store->stats().file_bytes;
  disk.relieve();
  const Clock::time_point until = Clock::now() + kRelief;
  while (store->stats().file_bytes <= before && Clock::now() < until) {
    static_cast<void>(put_and_wait(*store, plan_of(next++)));
  }
  CHECK(store->stats().file_bytes > before);
  CHECK(store->stats().begun_anew == 0);
}

TEST_CASE("store: a lowered size evicts what is too much, and keeps the rest", "[store][disk]") {
  const TemporaryDirectory directory;
  constexpr unsigned kMany = 1'000;
  const auto small = [](unsigned i) {
    ObjectPlan plan = plan_of(i);
    plan.length = 9'000;
    return plan;
  };
  {
    const auto store = open_store(directory.path(), 64u << 20);
    for (unsigned i = 0; i < kMany; ++i) REQUIRE(put_and_wait(*store, small(i)));
  }
  constexpr Bytes kLess = 8u << 20;
  const auto store = open_store(directory.path(), kLess);
  const Clock::time_point until = Clock::now() + std::chrono::seconds(30);
  while (store->stats().live_pages * 4'096 > kLess / 100 * 84 && Clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK(store->stats().live_pages * 4'096 <= kLess / 100 * 84);
  CHECK(store->stats().map_bytes == kLess);
  CHECK(store->stats().begun_anew == 0);
  CHECK_FALSE(quarantined(directory));
  unsigned whole = 0;
  for (unsigned i = 0; i < kMany; ++i) whole += see(*store, small(i)) == Seen::whole ? 1 : 0;
  CHECK(whole > 300);
  CHECK(see(*store, small(kMany - 1)) == Seen::whole);
  CHECK(put_and_wait(*store, small(kMany)));
}

TEST_CASE("store: a quarantined database goes when its room is needed", "[store][disk]") {
  const TemporaryDirectory directory;
  constexpr Bytes kSize = 16u << 20;
  std::ofstream(directory.file("data.mdb")) << std::string(12u << 20, 'x');
  const auto store = open_store(directory.path(), kSize);
  CHECK(quarantined(directory));
  fill(*store, 1, 10);
  CHECK(quarantined(directory));
  unsigned next = 1'000;
  while (store->stats().file_bytes < 5u << 20) REQUIRE(put_and_wait(*store, plan_of(next++)));
  drain(*store);
  CHECK_FALSE(quarantined(directory));
}

TEST_CASE("store: a stop on a slow disk drops what it has no time for", "[store][disk]") {
  const TemporaryDirectory directory;
  const BadDisk bad;
  auto store = open_store(directory.path(), 4u << 20);  // small transactions
  fill(*store, 1, 2);
  disk_faults.sync_ms = 300;
  constexpr unsigned kMany = 600;
  std::atomic<unsigned> settled{0};
  for (unsigned i = 0; i < kMany; ++i) {
    ObjectPlan plan = plan_of(i);
    plan.length = 3'000;
    REQUIRE(put(*store, make_object(plan), label_of(plan.scope), [&](bool) { ++settled; }));
  }
  const Clock::time_point begun = Clock::now();
  store.reset();
  CHECK(Clock::now() - begun < Store::kStopTime + std::chrono::seconds(3));
  CHECK(settled == kMany);
}

TEST_CASE("store: a purge of all does not wait for what it would undo", "[store][disk]") {
  const TemporaryDirectory directory;
  const BadDisk bad;
  const auto store = open_store(directory.path(), 4u << 20);
  fill(*store, 1, 5);
  disk_faults.sync_ms = 200;
  constexpr unsigned kMany = 600;
  std::atomic<unsigned> settled{0};
  for (unsigned i = 0; i < kMany; ++i) {
    ObjectPlan plan = plan_of(i);
    plan.length = 3'000;
    REQUIRE(put(*store, make_object(plan), label_of(plan.scope), [&](bool) { ++settled; }));
  }
  const Clock::time_point begun = Clock::now();
  CHECK_FALSE(purge_and_wait(*store, PurgeOrder{}).error);
  CHECK(Clock::now() - begun < std::chrono::seconds(4));
  CHECK(settled == kMany);
  disk_faults.mend();
  CHECK(whole_ones(*store, kMany) == 0);
  CHECK(put_and_wait(*store, plan_of(1)));
}

TEST_CASE("store: a bug of larder's own does not cost the cache", "[store][disk]") {
  const TemporaryDirectory directory;
  {
    const auto store = open_store(directory.path());
    fill(*store);
  }
  const int how = GENERATE(0, 1, 2);
  const int status = in_child([&] {
    for (const int number : {SIGABRT, SIGBUS, SIGSEGV}) ::signal(number, SIG_DFL);
    install_store_fault_handler();
    const auto store = open_store(directory.path());
    if (see(*store, plan_of(1)) != Seen::whole) return 1;
    if (how == 0) {
      const FaultGuard guard;  // as in a transaction
      LARDER_CHECK(how != 0);
    } else if (how == 1) {
      const FaultGuard guard;
      const std::function<void()> fails = [] { throw std::bad_alloc(); };
      [&]() noexcept { fails(); }();
    }
    // A SIGBUS of another file.
    const std::string path = directory.file("other");
    std::ofstream(path) << std::string(8'192, 'x');
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    const auto* map =
        static_cast<volatile const char*>(::mmap(nullptr, 8'192, PROT_READ, MAP_SHARED, fd, 0));
    std::filesystem::resize_file(path, 0);
    return map[4'096] == 'x' ? 2 : 3;
  });
  CAPTURE(how, status);
  CHECK(WIFSIGNALED(status));
  CHECK_FALSE(quarantined(directory));
  const auto store = open_store(directory.path());
  CHECK(whole_ones(*store) == kObjects);
}

TEST_CASE("store: a directory is one process's, also when all in it is removed", "[store][disk]") {
  const TemporaryDirectory directory;
  const CacheDirectory first(directory.path());
  CHECK_THROWS_AS(CacheDirectory(directory.path()), StartupError);
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    std::filesystem::remove_all(entry);
  }
  CHECK_THROWS_AS(CacheDirectory(directory.path()), StartupError);
  CHECK(first.in_place());
  std::filesystem::remove_all(directory.path());
  const CacheDirectory second(directory.path());
  CHECK_FALSE(first.in_place());
}

TEST_CASE("store: wrong modes of its files are set right, and the cache stays", "[store][disk]") {
  const TemporaryDirectory directory;
  {
    const auto store = open_store(directory.path());
    fill(*store);
  }
  const auto mode = GENERATE(0u, 0400u, 0666u);
  std::filesystem::permissions(directory.file("data.mdb"), std::filesystem::perms(mode));
  std::filesystem::permissions(directory.path(), std::filesystem::perms(0777));
  const auto store = open_store(directory.path());
  CHECK(whole_ones(*store) == kObjects);
  CHECK(std::filesystem::status(directory.file("data.mdb")).permissions() ==
        std::filesystem::perms(0600));
  CHECK(std::filesystem::status(directory.path()).permissions() == std::filesystem::perms(0755));
}

TEST_CASE("store: markers need no room on the disk", "[store][disk]") {
  const TemporaryDirectory directory;
  SmallDisk disk(directory.path());
  if (!disk.mounted()) SKIP("needs root to mount a tmpfs of 8 MiB");
  disk.fill();
  watch_database(directory.path());
  for (unsigned deaths = 1; deaths <= 2; ++deaths) {
    const int status = in_child([&] {
      ::signal(SIGABRT, SIG_DFL);
      install_store_fault_handler();
      std::abort();
      return 0;
    });
    CHECK(WIFSIGNALED(status));
    CHECK(marked_deaths(directory.path()) == deaths);
  }
}

TEST_CASE("store: deaths that are not the database's leave no mark", "[store][disk]") {
  const TemporaryDirectory directory;
  watch_database(directory.path());
  using Death = void (*)();
  const auto [name, die] = GENERATE(table<const char*, Death>({
      {"no memory", [] { throw std::bad_alloc(); }},
      {"a signal of another process",
       [] {
         if (::fork() == 0) {
           ::kill(::getppid(), SIGABRT);
           ::_exit(0);
         }
         ::pause();
       }},
  }));
  CAPTURE(name);
  const int status = in_child([death = die] {
    ::signal(SIGABRT, SIG_DFL);
    install_store_fault_handler();
    [&]() noexcept { death(); }();
    return 0;
  });
  CHECK(WIFSIGNALED(status));
  CHECK(marked_deaths(directory.path()) == 0);
}

}  // namespace larder::test
