// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <thread>

#include "conf/base/thread_role.h"

namespace larder {
namespace {

struct Seen {
  std::string name;
  int policy = -1;
  int nice = -1;
};

Seen seen_in_thread(const char* name, Urgency urgency) {
  Seen seen;
  std::thread([&] {
    begin_thread(name, urgency);
    char text[16] = "";
    pthread_getname_np(pthread_self(), text, sizeof text);
    seen = {text, sched_getscheduler(0), getpriority(PRIO_PROCESS, 0)};
  }).join();
  return seen;
}

/// Not in every container, and not under an operator's own policy.
bool may_choose() {
  return sched_getscheduler(0) == SCHED_OTHER &&
         seen_in_thread("probe", Urgency::patient).policy == SCHED_BATCH;
}

TEST_CASE("a thread has its name") {
  CHECK(seen_in_thread("worker", Urgency::prompt).name == "worker");
}

TEST_CASE("a thread has the urgency that it asks for, and others keep theirs") {
  if (!may_choose()) SKIP("the scheduler takes no wishes here");
  const int nice = getpriority(PRIO_PROCESS, 0);
  const auto prompt = seen_in_thread("worker", Urgency::prompt);
  CHECK(prompt.policy == SCHED_OTHER);
  CHECK(prompt.nice == nice);
  const auto steady = seen_in_thread("log", Urgency::steady);
  CHECK(steady.policy == SCHED_BATCH);
  CHECK(steady.nice == nice);
  const auto patient = seen_in_thread("origin", Urgency::patient);
  CHECK(patient.policy == SCHED_BATCH);
  CHECK(patient.nice == std::min(nice + 10, 19));
  CHECK(sched_getscheduler(0) == SCHED_OTHER);
  CHECK(getpriority(PRIO_PROCESS, 0) == nice);
}

}  // namespace
}  // namespace larder
