// SPDX-License-Identifier: Apache-2.0
#include "daemon/second_signal.h"

#include <unistd.h>
#include <atomic>
#include <csignal>
#include <cstddef>

namespace larder {
namespace {

/// Never freed: a handler may read them. null = no end has begun.
std::atomic<const std::vector<std::string>*> files{nullptr};
std::atomic<bool> files_are_ours{false};

/// Only what a handler may do: signal-safety(7).
void end_at_once(int number) {
  const auto* const ours = files.load();
  if (ours != nullptr && files_are_ours) {
    for (std::size_t i = 0; i < ours->size(); ++i) ::unlink((*ours)[i].c_str());
  }
  ::_exit(128 + number);
}

}  // namespace

void end_at_second_signal(const std::vector<std::string>& socket_files) {
  if (files.load() == nullptr) files = new std::vector<std::string>(socket_files);
  files_are_ours = true;
  struct sigaction action {};
  for (const int number : {SIGHUP, SIGUSR1}) {
    action.sa_handler = SIG_IGN;
    ::sigaction(number, &action, nullptr);
  }
  for (const int number : {SIGTERM, SIGINT, SIGQUIT}) {
    action.sa_handler = end_at_once;
    ::sigaction(number, &action, nullptr);
  }
}

void leave_socket_files() {
  files_are_ours = false;
}

}  // namespace larder
