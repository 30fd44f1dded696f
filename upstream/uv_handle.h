// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <uv.h>
#include <cstdint>
#include <memory>

#include "conf/check.h"

/// RAII over libuv: a handle's memory outlives its owner, for libuv frees it only in the close
/// callback. Used on the loop's thread only.
namespace larder {

template <class Handle>
struct UvCloser {
  void operator()(Handle* handle) const noexcept {
    uv_close(reinterpret_cast<uv_handle_t*>(handle),
             [](uv_handle_t* closed) { delete reinterpret_cast<Handle*>(closed); });
  }
};

/// An initialised handle: destroying it closes it, a callback that is under way may finish.
template <class Handle>
using UvHandle = std::unique_ptr<Handle, UvCloser<Handle>>;

/// A loop that must be empty when it ends: everything on it has been closed by its owners.
class UvLoop {
 public:
  UvLoop() { LARDER_CHECK(uv_loop_init(&loop_) == 0); }
  ~UvLoop() {
    uv_run(&loop_, UV_RUN_DEFAULT);  // runs the close callbacks
    LARDER_CHECK(uv_loop_close(&loop_) == 0);
  }
  UvLoop(const UvLoop&) = delete;
  UvLoop& operator=(const UvLoop&) = delete;

  uv_loop_t* get() { return &loop_; }
  const uv_loop_t* get() const { return &loop_; }
  void run() { uv_run(&loop_, UV_RUN_DEFAULT); }
  void stop() { uv_stop(&loop_); }

 private:
  uv_loop_t loop_;
};

/// A timer that calls `on_tick(owner)`.
template <class Owner>
UvHandle<uv_timer_t> make_timer(uv_loop_t* loop, Owner* owner) {
  auto timer = std::make_unique<uv_timer_t>();
  LARDER_CHECK(uv_timer_init(loop, timer.get()) == 0);
  timer->data = owner;
  return UvHandle<uv_timer_t>(timer.release());
}

}  // namespace larder
