// SPDX-License-Identifier: Apache-2.0
#include "conf/base/thread_role.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <cstdint>

namespace larder {
namespace {

/// As the kernel takes it (sched_setattr(2)); its own header contradicts glibc's <sched.h>.
struct SchedulerWish {
  std::uint32_t size = sizeof(SchedulerWish);
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0;  ///< the slice; 0 = as it comes
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};
static_assert(sizeof(SchedulerWish) == 48, "the structure's first version");

constexpr std::uint64_t kPromptSliceNs = 200'000;
constexpr int kPatientNice = 10;
constexpr int kMostNice = 19;

}  // namespace

void begin_thread(const char* name, Urgency urgency) noexcept {
  pthread_setname_np(pthread_self(), name);
  if (sched_getscheduler(0) != SCHED_OTHER) return;  // the operator has chosen
  SchedulerWish wish;
  wish.policy = urgency == Urgency::prompt ? SCHED_OTHER : SCHED_BATCH;
  wish.nice = getpriority(PRIO_PROCESS, 0);
  if (urgency == Urgency::prompt) wish.runtime_ns = kPromptSliceNs;
  if (urgency == Urgency::patient) wish.nice = std::min(wish.nice + kPatientNice, kMostNice);
  ::syscall(SYS_sched_setattr, 0, &wish, 0);
}

}  // namespace larder
