// SPDX-License-Identifier: Apache-2.0
#include "upstream/loop/wake_signal.h"

#include <sys/eventfd.h>
#include <unistd.h>
#include <cerrno>
#include <cstdint>

namespace larder {

WakeSignal::WakeSignal(uv_loop_t* loop, void* owner, Woken woken)
    : owner_(owner), woken_(woken), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  LARDER_CHECK(static_cast<bool>(event_));
  const auto init = [this](uv_loop_t* on, uv_poll_t* poll) {
    return uv_poll_init(on, poll, event_.get());
  };
  poll_ = make_handle<uv_poll_t>(loop, this, init);
  LARDER_CHECK(uv_poll_start(poll_.get(), UV_READABLE, on_readable) == 0);
}

WakeSignal::~WakeSignal() {
  close();
}

void WakeSignal::raise() noexcept {
  const std::uint64_t one = 1;
  while (::write(event_.get(), &one, sizeof one) < 0) {
    if (errno == EAGAIN) return;  // raised so often that it cannot be more
    LARDER_CHECK(errno == EINTR);
  }
}

void WakeSignal::on_readable(uv_poll_t* poll, int, int) noexcept {
  auto* self = static_cast<WakeSignal*>(poll->data);
  std::uint64_t count = 0;
  if (::read(self->event_.get(), &count, sizeof count) == sizeof count) self->woken_(self->owner_);
}

}  // namespace larder
