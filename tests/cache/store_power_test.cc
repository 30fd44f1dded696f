// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>

#include "cache/store/store.h"
#include "tests/cache/disk_faults.h"
#include "tests/cache/store_fixture.h"

// Power cuts. This program's own pwrite(), writev() and fdatasync() stand before the C library's,
// so LMDB's writes can be recorded on their way. An image of the disk after a cut has all that was
// written before the last sync that ended, and any part of what was written since.

namespace larder::test {
namespace {

constexpr Bytes kSize = 8u << 20;
constexpr std::size_t kPage = 4'096;
constexpr unsigned kUrls = 40;

struct Written {
  std::size_t at;
  std::string bytes;
};

/// What happened, in order: writes, syncs, and acknowledgements with the state they vouch for.
struct Recorded {
  enum class What { write, sync, acknowledged } what;
  Written written;
  // Of an acknowledgement only:
  std::map<unsigned, std::uint64_t> versions = {};  ///< URL -> what is stored under it
  std::uint64_t up_to = 0;                          ///< later versions were not handed over yet
};

class Recorder {
 public:
  void begin(const std::string& file) {
    const std::lock_guard lock(mutex_);
    file_ = std::filesystem::canonical(file).string();
    events_.clear();
    recording_ = true;
  }
  std::vector<Recorded> end() {
    const std::lock_guard lock(mutex_);
    recording_ = false;
    return std::move(events_);
  }
  bool recording() const { return recording_.load(std::memory_order_relaxed); }

  void write(int fd, off_t at, std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    if (!recording_ || path_of(fd) != file_) return;
    events_.push_back({Recorded::What::write, {static_cast<std::size_t>(at), std::string(bytes)}});
  }
  void sync(int fd) {
    const std::lock_guard lock(mutex_);
    if (recording_ && path_of(fd) == file_) events_.push_back({Recorded::What::sync, {}});
  }
  void acknowledge(std::map<unsigned, std::uint64_t> versions, std::uint64_t up_to) {
    const std::lock_guard lock(mutex_);
    events_.push_back({Recorded::What::acknowledged, {}, std::move(versions), up_to});
  }

 private:
  static std::string path_of(int fd) {
    std::string path(512, '\0');
    const auto link = "/proc/self/fd/" + std::to_string(fd);
    const auto length = ::readlink(link.c_str(), path.data(), path.size());
    path.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
    return path;
  }
  std::mutex mutex_;
  std::string file_;
  std::atomic<bool> recording_{false};
  std::vector<Recorded> events_;
};

Recorder recorder;

ObjectPlan plan_of(unsigned url, std::uint64_t version) {
  ObjectPlan plan;
  plan.path = "/v3/entries/" + std::to_string(url);
  plan.scope = url % 3;
  plan.seed = version;
  plan.length = url % 10 == 0 ? 200'000 : 300 + 200 * url;
  return plan;
}

/// Puts, replacements and purges; what the last acknowledged purge vouches for is recorded with it.
std::vector<Recorded> record_work(const std::string& path, std::string& before) {
  CacheConfig config = config_at(path, kSize);
  config.max_object_bytes = 250'000;
  Store store(config, 100, hasher(), make_fifo());
  drain(store);
  std::ifstream file(path + "/data.mdb", std::ios::binary);
  before.assign(std::istreambuf_iterator<char>(file), {});
  recorder.begin(path + "/data.mdb");
  std::map<unsigned, std::uint64_t> versions;
  Numbers numbers(1);
  for (std::uint64_t version = 1; version < 400; ++version) {
    const auto url = static_cast<unsigned>(numbers() % kUrls);
    if (version % 10 != 0) {
      const ObjectPlan plan = plan_of(url, version);
      LARDER_CHECK(put(store, make_object(plan), label_of(plan.scope), nullptr));
      versions[url] = version;
      continue;
    }
    PurgeOrder order;
    order.what = PurgeOrder::What::url;
    order.path = plan_of(url, 0).path;
    versions.erase(url);
    LARDER_CHECK(!purge_and_wait(store, order).error);
    recorder.acknowledge(versions, version);
  }
  return recorder.end();
}

void apply(std::string& image, const Written& written, std::size_t from, std::size_t length) {
  if (image.size() < written.at + from + length) image.resize(written.at + from + length);
  image.replace(written.at + from, length, written.bytes, from, length);
}

/// The disk after a cut at `cut`: each page written since the last sync before it may be lost.
std::string image_at(const std::vector<Recorded>& events, const std::string& before,
                     std::size_t cut, Numbers& numbers) {
  std::size_t synced = cut;
  while (synced > 0 && events[synced - 1].what != Recorded::What::sync) --synced;
  std::string image = before;
  for (std::size_t i = 0; i < cut; ++i) {
    if (events[i].what != Recorded::What::write) continue;
    const Written& written = events[i].written;
    for (std::size_t from = 0; from < written.bytes.size(); from += kPage) {
      const std::size_t length = std::min(kPage, written.bytes.size() - from);
      if (i < synced || numbers() % 2 == 0) apply(image, written, from, length);
    }
  }
  return image;
}

/// The last acknowledgement before the cut.
const Recorded* acknowledged_before(const std::vector<Recorded>& events, std::size_t cut) {
  while (cut > 0) {
    if (events[--cut].what == Recorded::What::acknowledged) return &events[cut];
  }
  return nullptr;
}

/// In the image is what was acknowledged, or something newer; and all of it is whole.
int check_image(const std::string& path, const Recorded* acknowledged) {
  CacheConfig config = config_at(path, kSize);
  config.max_object_bytes = 250'000;
  Store store(config, 100, hasher(), make_fifo());
  StoreReader reader = store.reader();
  for (unsigned url = 0; url < kUrls; ++url) {
    const ObjectPlan any = plan_of(url, 0);
    const auto view = reader.lookup(key_of(any), canonical_of(any), mac_of(any.scope), WallTime{});
    std::uint64_t found = 0;
    if (view) found = std::stoull(std::string(view->shared_fields.substr(8)));
    if (view && see(reader, plan_of(url, found)) != Seen::whole) return 1;
    if (acknowledged == nullptr) continue;
    const auto expected = acknowledged->versions.find(url);
    const bool gone = expected == acknowledged->versions.end();
    const bool older = found != 0 && found < acknowledged->up_to;
    if (older && (gone || found != expected->second)) return 2;
  }
  drain(store);
  const StoreStats stats = store.stats();
  return stats.corrupt + stats.begun_anew == 0 ? 0 : 3;
}

}  // namespace
}  // namespace larder::test

namespace {

bool fails_by(const std::atomic<int>& error) {
  const int number = error.load(std::memory_order_relaxed);
  if (number != 0) errno = number;
  return number != 0;
}

}  // namespace

// Over the C library's, for the whole test program.
extern "C" {

ssize_t pwrite(int fd, const void* bytes, size_t length, off_t at) {
  constexpr off_t kMetaEnd = 2 * 4'096;
  if (fails_by(larder::test::disk_faults.write_error)) return -1;
  if (at < kMetaEnd && fails_by(larder::test::disk_faults.meta_error)) return -1;
  const ssize_t done = ::syscall(SYS_pwrite64, fd, bytes, length, at);
  if (larder::test::recorder.recording() && done > 0) {
    larder::test::recorder.write(fd, at,
                                 {static_cast<const char*>(bytes), static_cast<size_t>(done)});
  }
  return done;
}

ssize_t writev(int fd, const iovec* pieces, int count) {
  if (fails_by(larder::test::disk_faults.write_error)) return -1;
  const bool recording = larder::test::recorder.recording();
  const off_t at = recording ? ::lseek(fd, 0, SEEK_CUR) : 0;
  const ssize_t done = ::syscall(SYS_writev, fd, pieces, count);
  if (!recording || done <= 0) return done;
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    bytes.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  }
  bytes.resize(static_cast<size_t>(done));
  larder::test::recorder.write(fd, at, bytes);
  return done;
}

int ftruncate(int fd, off_t length) {
  if (fails_by(larder::test::disk_faults.write_error)) return -1;
  return static_cast<int>(::syscall(SYS_ftruncate, fd, length));
}

int fdatasync(int fd) {
  if (fails_by(larder::test::disk_faults.sync_error)) return -1;
  if (const int ms = larder::test::disk_faults.sync_ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
  }
  const int done = static_cast<int>(::syscall(SYS_fdatasync, fd));
  if (larder::test::recorder.recording() && done == 0) larder::test::recorder.sync(fd);
  return done;
}

}  // extern "C"

namespace larder::test {

TEST_CASE("store: after a power cut at any moment every object is whole and purges hold",
          "[store][power]") {
  const TemporaryDirectory directory;
  std::string before;
  const std::vector<Recorded> events = record_work(directory.path(), before);
  std::size_t syncs = 0;
  std::size_t writes = 0;
  for (const Recorded& event : events) {
    syncs += event.what == Recorded::What::sync ? 1 : 0;
    writes += event.what == Recorded::What::write ? 1 : 0;
  }
  // The recorder is in LMDB's way, and LMDB syncs.
  REQUIRE(syncs > 80);
  REQUIRE(writes > syncs);
  Numbers numbers(2);
  for (unsigned round = 0; round < 160 / kSlowness; ++round) {
    const std::size_t cut = numbers() % (events.size() + 1);
    CAPTURE(round, cut, events.size());
    const TemporaryDirectory image;
    std::ofstream(image.file("data.mdb"), std::ios::binary)
        << image_at(events, before, cut, numbers);
    const Recorded* acknowledged = acknowledged_before(events, cut);
    const int status = in_child([&] { return check_image(image.path(), acknowledged); });
    CAPTURE(status);
    REQUIRE(ended_with(status, 0));
    REQUIRE_FALSE(std::filesystem::exists(image.file("data.mdb.quarantined")));
  }
}

}  // namespace larder::test
