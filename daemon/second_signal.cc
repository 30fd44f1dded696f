// SPDX-License-Identifier: Apache-2.0
#include "daemon/second_signal.h"

#include <unistd.h>
#include <csignal>
#include <cstddef>

namespace larder {
namespace {

const std::vector<std::string>* files = nullptr;  ///< never freed: a handler may read it

/// Only what a handler may do: signal-safety(7).
void end_at_once(int number) {
  for (std::size_t i = 0; i < files->size(); ++i) ::unlink((*files)[i].c_str());
  ::_exit(128 + number);
}

}  // namespace

void end_at_second_signal(const std::vector<std::string>& socket_files) {
  files = new std::vector<std::string>(socket_files);
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

}  // namespace larder
