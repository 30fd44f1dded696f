// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <unordered_set>
#include <vector>

#include "conf/base/fd.h"

namespace larder {

/// HTTP/1 connections between two transfers. Bytes there belong to no request: they would be taken
/// for the next one's answer (libcurl 7.88 counts such a connection as alive). The kernel watches
/// all of them at once, so that asking costs the same for one and for thousands.
class IdleSockets {
 public:
  IdleSockets();

  void add(int socket);
  void remove(int socket);
  /// Had any of them bytes to read? Those connections are ended here, so that they are nobody's
  /// next one; they, and those that have come to their end, are not watched any longer.
  bool any_has_bytes();
  /// Of the last any_has_bytes(): whose bytes it found, and how many, as far as it read.
  struct Stray {
    int socket = -1;
    std::size_t bytes = 0;
  };
  const std::vector<Stray>& strays() const { return strays_; }

 private:
  static std::size_t empty(int socket);
  Fd poll_;
  std::vector<Stray> strays_;
  std::unordered_set<int> watched_;
  std::unordered_set<int> unwatched_;  ///< the kernel has no room: as good as having bytes
};

}  // namespace larder
