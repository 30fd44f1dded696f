// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <uv.h>
#include <cstdint>
#include <memory>
#include <string>

#include "conf/base/check.h"
#include "conf/base/startup_error.h"

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
  /// At the start only: throws StartupError.
  UvLoop() {
    const int code = uv_loop_init(&loop_);
    if (code == 0) return;
    throw StartupError(std::string("cannot make an event loop: ") + uv_strerror(code) +
                       ": raise the limit of open files (LimitNOFILE=, ulimit -n)");
  }
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

/// A handle that `init` sets up, with its owner as its data.
template <class Handle, class Init>
UvHandle<Handle> make_handle(uv_loop_t* loop, void* owner, Init init) {
  auto handle = std::make_unique<Handle>();
  LARDER_CHECK(init(loop, handle.get()) == 0);
  handle->data = owner;
  return UvHandle<Handle>(handle.release());
}

inline UvHandle<uv_timer_t> make_timer(uv_loop_t* loop, void* owner) {
  return make_handle<uv_timer_t>(loop, owner, uv_timer_init);
}

}  // namespace larder
