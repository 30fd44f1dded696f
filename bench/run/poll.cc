// SPDX-License-Identifier: Apache-2.0
#include "bench/run/poll.h"

#include <sys/prctl.h>

#include <cerrno>
#include <ctime>

namespace larder::bench {
namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

void control(const Descriptor& poll, int operation, const Descriptor& socket, std::uint32_t events,
             Watched& watched) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watched;
  ::epoll_ctl(poll.get(), operation, socket.get(), &event);
}

}  // namespace

Poll::Poll() : poll_(::epoll_create1(EPOLL_CLOEXEC)) {
  // By default the kernel may be 50 us late: more than many an answer takes.
  ::prctl(PR_SET_TIMERSLACK, 1);
}

void Poll::add(const Descriptor& socket, std::uint32_t events, Watched& watched) {
  control(poll_, EPOLL_CTL_ADD, socket, events, watched);
}

void Poll::change(const Descriptor& socket, std::uint32_t events, Watched& watched) {
  control(poll_, EPOLL_CTL_MOD, socket, events, watched);
}

int Poll::wait_kernel(std::uint64_t at_most_ns) {
  const int most = static_cast<int>(events_.size());
  const timespec time{static_cast<time_t>(at_most_ns / kSecondNs),
                      static_cast<long>(at_most_ns % kSecondNs)};
  const int count = ::epoll_pwait2(poll_.get(), events_.data(), most, &time, nullptr);
  if (count >= 0 || errno != ENOSYS) return count;
  return ::epoll_wait(poll_.get(), events_.data(), most, static_cast<int>(at_most_ns / 1'000'000));
}

int Poll::wait(std::uint64_t at_most_ns) {
  const int count = wait_kernel(at_most_ns);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    static_cast<Watched*>(event.data.ptr)->on_ready(event.events);
  }
  return count;
}

}  // namespace larder::bench
