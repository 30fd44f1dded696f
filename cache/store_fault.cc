// SPDX-License-Identifier: Apache-2.0
#include "cache/store_fault.h"

#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "cache/store.h"
#include "cache/store_open.h"
#include "conf/startup_error.h"

namespace larder {
namespace {

/// Paths for the handlers, which may not allocate. Written before there is anything to handle.
struct WatchedPaths {
  char data[4096];
  char quarantined[4096];
};
WatchedPaths watched;

void write_text(const char* text) noexcept {
  // Nothing can be done about a stderr that is gone.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, std::strlen(text));
}

void on_fault(int signal_number) {
  if (signal_number == SIGBUS) abandon_database("SIGBUS: the database file broke beneath the map");
  if (FaultGuard::inside()) abandon_database("SIGSEGV while reading the database");
  // Not ours: the instruction runs again, and the default action follows.
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
}

}  // namespace larder
