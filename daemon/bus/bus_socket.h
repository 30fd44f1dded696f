// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "conf/base/clock.h"
#include "conf/base/result.h"
#include "conf/config.h"

namespace larder {

/// Ends the waiting of threads in sockets. Any thread.
class BusInterrupt {
 public:
  BusInterrupt();  ///< throws StartupError without a file descriptor
  ~BusInterrupt();
  BusInterrupt(const BusInterrupt&) = delete;
  BusInterrupt& operator=(const BusInterrupt&) = delete;

  void raise() noexcept;  ///< for good
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

/// A connection to Redis or Valkey, with TLS or without. Waits, up to its deadlines and until the
/// interrupt; for a thread of its own. Only the look-up of a host's name cannot be interrupted.
class BusSocket {
 public:
  static Result<std::unique_ptr<BusSocket>> open(const BusConfig& config,
                                                 const BusInterrupt& interrupt,
                                                 MonotonicTime deadline);
  ~BusSocket();
  BusSocket(const BusSocket&) = delete;
  BusSocket& operator=(const BusSocket&) = delete;

  /// All of it.
  Result<void> write(std::string_view bytes, MonotonicTime deadline);
  /// At least one byte.
  Result<std::size_t> read(char* to, std::size_t size, MonotonicTime deadline);

 private:
  struct Tls;
  explicit BusSocket(const BusInterrupt& interrupt);
  Result<void> connect(const BusConfig& config, MonotonicTime deadline);
  Result<void> connect_to(const void* address, unsigned length, int family, MonotonicTime deadline);
  Result<void> begin_tls(const BusConfig& config, MonotonicTime deadline);
  Result<void> wait(short events, MonotonicTime deadline) const;
  Result<void> wait_for_tls(int result, MonotonicTime deadline);

  const BusInterrupt& interrupt_;
  int descriptor_ = -1;
  std::unique_ptr<Tls> tls_;
};

}  // namespace larder
