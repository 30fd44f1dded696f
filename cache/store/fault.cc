// SPDX-License-Identifier: Apache-2.0
#include "cache/store/fault.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>

#include "cache/store/open.h"
#include "cache/store/store.h"
#include "conf/base/check.h"
#include "conf/base/fd.h"
#include "conf/base/last_words.h"

namespace larder {
namespace {

/// The directory, for the handlers, which may not allocate; -1 = there is nothing to handle yet.
std::atomic<int> watched_directory{-1};

constexpr int kLastWordsMs = 3'000;

/// A file that is mapped; free where `end` is 0. More than the two databases that a process has at
/// one time.
struct MapRange {
  std::atomic<std::uintptr_t> begin{0}, end{0};
};
std::array<MapRange, 8> watched_maps;

/// The length of the file counts. A byte that is written would need room on the disk.
void mark_death() noexcept {
  const int directory = watched_directory.load();
  if (directory < 0) return;
  const Fd fd(::openat(directory, DatabaseFiles::kDeaths, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return;
  [[maybe_unused]] const int done = ::ftruncate(fd.get(), status.st_size + 1);
}

bool is_watched(const void* address) noexcept {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  for (const MapRange& range : watched_maps) {
    if (at >= range.begin.load() && at < range.end.load()) return true;
  }
  return false;
}

/// An exception that nobody catches ends the process: a bug of larder's, or no memory.
std::atomic<bool> is_terminating{false};

void on_fault(int signal_number, siginfo_t* info, void*) {
  if (info->si_code == SI_USER && info->si_pid != ::getpid()) {
    // Somebody ends the process, such as systemd's watchdog: nothing says that the files are bad.
  } else if (signal_number == SIGBUS) {
    if (info->si_code > 0 && is_watched(info->si_addr)) {
      abandon_database("SIGBUS: the database file broke beneath the map");
    }
    say_last_words({"store: SIGBUS outside of the database, which stays as it is"});
  } else if (FaultGuard::inside() && !own_bug_noted()) {
    abandon_database("SIGSEGV or abort while using the database");
  } else if (!is_terminating.load()) {
    // Not the database's for all we know.
    mark_death();
  }
  // The instruction or abort() goes on, and the default action follows.
  ::signal(signal_number, SIG_DFL);
  if (info->si_code <= 0) ::raise(signal_number);  // sent: there is no instruction to go on
}

[[noreturn]] void on_terminate() noexcept {
  is_terminating.store(true);
  note_own_bug();
  say_last_words({"larder: ended by an exception that nobody catches"});
  std::abort();
}

}  // namespace

thread_local volatile std::sig_atomic_t FaultGuard::depth_ = 0;

void watch_database(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const Fd before(watched_directory.exchange(fd));
}

unsigned marked_deaths(const std::string& directory) {
  struct stat status {};
  const bool found = ::stat(DatabaseFiles(directory).deaths.c_str(), &status) == 0;
  return found ? static_cast<unsigned>(status.st_size) : 0;
}

void forget_marked_deaths(const std::string& directory) {
  ::unlink(DatabaseFiles(directory).deaths.c_str());
}

void abandon_database(const char* what) noexcept {
  static std::atomic_flag begun = ATOMIC_FLAG_INIT;
  if (begun.test_and_set()) {
    // Another thread has met the same damage: it says what was done, and ends the process.
    ::poll(nullptr, 0, kLastWordsMs);
    ::_exit(kStoreFaultExit);
  }
  const int in = watched_directory.load();
  const bool moved =
      in >= 0 && ::renameat(in, DatabaseFiles::kData, in, DatabaseFiles::kQuarantined) == 0;
  say_last_words({"store: ", what,
                  moved ? "; it was moved aside, the next start begins with an empty cache"
                        : "; it could not be moved aside"});
  ::_exit(kStoreFaultExit);
}

void WatchedMap::watch(int fd) {
  forget();
  struct stat file {};
  if (::fstat(fd, &file) != 0) return;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    unsigned major_number = 0;
    unsigned minor_number = 0;
    std::uint64_t inode = 0;
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " %*s %*x %x:%x %" SCNu64, &begin, &end,
                    &major_number, &minor_number, &inode) != 5 ||
        inode != file.st_ino || line.find(DatabaseFiles::kData) == std::string::npos) {
      continue;
    }
    for (std::size_t i = 0; i < watched_maps.size(); ++i) {
      std::uintptr_t free = 0;
      // Another map of the same file belongs to who opened it before.
      if (watched_maps[i].begin.load() == begin) break;
      if (!watched_maps[i].begin.compare_exchange_strong(free, begin)) continue;
      watched_maps[i].end.store(end);
      place_ = i + 1;
      return;
    }
  }
}

void WatchedMap::forget() noexcept {
  if (place_ == 0) return;
  watched_maps[place_ - 1].end.store(0);
  watched_maps[place_ - 1].begin.store(0);
  place_ = 0;
}

void install_store_fault_handler() {
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, nullptr);
  ::sigaction(SIGSEGV, &action, nullptr);
  ::sigaction(SIGABRT, &action, nullptr);
  std::set_terminate(on_terminate);
}

}  // namespace larder
