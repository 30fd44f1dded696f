// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include "bench/run/command.h"

namespace larder::bench {
namespace {

volatile std::sig_atomic_t signalled = 0;

void on_signal(int) {
  signalled = 1;
}

}  // namespace

void watch_interrupts() {
  struct sigaction action {};  // without SA_RESTART: blocking calls return
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() {
  return signalled != 0;
}

void check_interrupted() {
  if (interrupted()) throw Interrupted{};
}

}  // namespace larder::bench
