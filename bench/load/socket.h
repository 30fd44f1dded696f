// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "bench/load/http_target.h"

namespace larder::bench {

/// A descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(Descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Descriptor();
  int get() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

/// A connected socket, without delay and non-blocking from here on. Throws BenchError.
Descriptor connect_to(const Endpoint& endpoint);
/// Does somebody accept there?
bool accepts(const Endpoint& endpoint);
/// A listening socket on a free port of the loopback address, non-blocking.
Descriptor listen_on_loopback(std::uint16_t& port);

/// All of a small request; throws BenchError when the socket does not take it.
void send_all(const Descriptor& socket, std::string_view request);
/// False = the other side has closed.
bool try_send_all(const Descriptor& socket, std::string_view request);

struct Answer {
  int status = 0;
  std::string body;
};
/// One request on a connection of its own, for control and metrics: waits up to ten seconds.
Answer exchange(const Endpoint& endpoint, std::string_view method, std::string_view target,
                std::string_view body = {});

}  // namespace larder::bench
