// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>

#include "bench/load/socket.h"

namespace larder::bench {

/// Something with a socket that a Poll watches. Must not be destroyed while a batch is handed out.
class Watched {
 public:
  virtual void on_ready(std::uint32_t events) = 0;

 protected:
  ~Watched() = default;
};

/// epoll, with waits finer than a millisecond.
class Poll {
 public:
  Poll();

  void add(const Descriptor& socket, std::uint32_t events, Watched& watched);
  void change(const Descriptor& socket, std::uint32_t events, Watched& watched);
  /// Hands out what is ready, after waiting for it at most so long; returns how many were.
  int wait(std::uint64_t at_most_ns);

 private:
  int wait_kernel(std::uint64_t at_most_ns);

  Descriptor poll_;
  std::array<epoll_event, 128> events_{};
};

}  // namespace larder::bench
