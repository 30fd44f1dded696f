// SPDX-License-Identifier: Apache-2.0
#include "cache/store/fault.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "cache/store/open.h"
#include "cache/store/store.h"
#include "conf/base/fd.h"
#include "conf/base/startup_error.h"

namespace larder {
namespace {

/// Paths for the handlers, which may not allocate. Written before there is anything to handle.
struct WatchedPaths {
  char data[4096];
  char quarantined[4096];
  char deaths[4096];
};
WatchedPaths watched;

void write_text(const char* text) noexcept {
  // Nothing can be done about a stderr that is gone.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, std::strlen(text));
}

void mark_death() noexcept {
  const Fd fd(::open(watched.deaths, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!fd) return;
  [[maybe_unused]] const auto written = ::write(fd.get(), "?", 1);
}

void on_fault(int signal_number) {
  if (signal_number == SIGBUS) abandon_database("SIGBUS: the database file broke beneath the map");
  if (FaultGuard::inside()) abandon_database("SIGSEGV or abort while using the database");
  // Not ours for all we know. The instruction or abort() goes on, and the default action follows.
  if (watched.deaths[0] != '\0') mark_death();
  ::signal(signal_number, SIG_DFL);
}

void copy_path(const std::string& path, char (&out)[4096]) {
  if (path.size() >= sizeof out) throw StartupError("cache.path is too long: " + path);
  std::memcpy(out, path.c_str(), path.size() + 1);
}

}  // namespace

thread_local volatile std::sig_atomic_t FaultGuard::depth_ = 0;

void watch_database(const std::string& directory) {
  const DatabaseFiles files(directory);
  copy_path(files.data, watched.data);
  copy_path(files.quarantined, watched.quarantined);
  copy_path(files.deaths, watched.deaths);
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
  write_text("store: ");
  write_text(what);
  if (watched.data[0] != '\0' && std::rename(watched.data, watched.quarantined) == 0) {
    write_text("; it was moved aside, the next start begins with an empty cache\n");
  } else {
    write_text("; it could not be moved aside\n");
  }
  ::_exit(kStoreFaultExit);
}

void install_store_fault_handler() {
  struct sigaction action {};
  action.sa_handler = on_fault;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, nullptr);
  ::sigaction(SIGSEGV, &action, nullptr);
  ::sigaction(SIGABRT, &action, nullptr);
}

}  // namespace larder
