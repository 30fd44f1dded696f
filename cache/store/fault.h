// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <cstddef>
#include <string>

/// What to do when the file breaks beneath the map: see install_store_fault_handler().
namespace larder {

/// Says whose files the handlers move aside from now on: `directory`'s, even when another one has
/// taken its name.
void watch_database(const std::string& directory);

/// A damaged page that LMDB writes to can break the heap, and the process dies of it elsewhere. So
/// the handlers leave a mark for each death by SIGSEGV or abort, and after some of them the
/// database is given up. No mark: the signal came from another process, or no exception was caught,
/// which is most often a lack of memory. Marks found at the start; and forgetting them, after a
/// long life or a clean end.
unsigned marked_deaths(const std::string& directory);
void forget_marked_deaths(const std::string& directory);

/// Writes `what` to stderr, moves the database aside, ends the process with kStoreFaultExit.
/// Async-signal-safe.
[[noreturn]] void abandon_database(const char* what) noexcept;

/// Marks the calling thread as being inside LMDB or reading rows, so that its SIGSEGV or abort is
/// the database's fault. May be nested.
class FaultGuard {
 public:
  FaultGuard() noexcept { depth_ = depth_ + 1; }
  ~FaultGuard() { depth_ = depth_ - 1; }
  FaultGuard(const FaultGuard&) = delete;
  FaultGuard& operator=(const FaultGuard&) = delete;

  static bool inside() noexcept { return depth_ > 0; }

 private:
  static thread_local volatile std::sig_atomic_t depth_;
};

/// Where a file is mapped: a SIGBUS at one of these addresses is the database's, any other is not.
class WatchedMap {
 public:
  WatchedMap() = default;
  ~WatchedMap() { forget(); }
  WatchedMap(const WatchedMap&) = delete;
  WatchedMap& operator=(const WatchedMap&) = delete;

  /// Looks the file's map up in /proc/self/maps. Where it is not found, the file is not watched.
  void watch(int fd);

 private:
  void forget() noexcept;
  std::size_t place_ = 0;  ///< in the list of maps, from 1 on; 0 = none
};

}  // namespace larder
