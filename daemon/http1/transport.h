// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <uv.h>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cache/store/object.h"
#include "conf/base/result.h"

namespace larder {

/// Bytes that wait to be written, with their owner.
struct OutPiece {
  std::variant<std::string, Chunk> owner;
  std::size_t offset = 0;  ///< of the first byte not yet written

  std::string_view rest() const {
    const auto& whole = owner.index() == 0 ? std::get<std::string>(owner) : *std::get<Chunk>(owner);
    return std::string_view(whole).substr(offset);
  }
  /// Bytes of a chunk that nobody else holds.
  std::size_t sole_bytes() const {
    const auto* chunk = std::get_if<Chunk>(&owner);
    return chunk != nullptr && chunk->use_count() == 1 ? (*chunk)->size() : 0;
  }
};

/// Whoever drives a transport. Calls come from the loop only.
class TransportUser {
 public:
  virtual ~TransportUser() = default;
  virtual void on_bytes(std::string_view bytes) = 0;  ///< borrowed for the call
  virtual void on_end(
      bool broken) = 0;  ///< the peer sends nothing more; `broken`: nor takes anything
  virtual void on_written(std::size_t bytes) = 0;  ///< all of one write()
  virtual void on_closed() = 0;  ///< the last call; the user destroys the transport
};

/// A byte stream to a client, so that TLS can stand between the socket and the connection.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual void set_user(TransportUser& user) = 0;
  virtual std::string peer() const = 0;  ///< address of the client; "unix" for unix sockets
  /// The user of the process at the other end of a unix socket; nothing where that is not known.
  virtual std::optional<unsigned> peer_user() const { return std::nullopt; }
  virtual void start_reading() = 0;
  virtual void stop_reading() = 0;
  /// Writes what the socket takes at once, nothing else kept: bytes taken, 0 when it is full or
  /// something is being written. Error::io = broken.
  virtual Result<std::size_t> try_write(std::span<const std::string_view> pieces) = 0;
  /// Takes over and writes; one at a time, then on_written().
  virtual void write(std::vector<OutPiece> pieces) = 0;
  virtual void shut_down_sending() = 0;    ///< FIN behind what was written
  virtual std::size_t unsent() const = 0;  ///< bytes of write() that the socket has not taken yet
  /// Bytes that the kernel holds for the peer: not sent, or not acknowledged.
  virtual std::size_t kernel_bytes() const = 0;
  virtual std::size_t sole_bytes() const = 0;  ///< OutPiece::sole_bytes() of write()
  virtual void close() = 0;                    ///< idempotent
  virtual void reset() = 0;            ///< close() by RST: what was cut off cannot pass for whole
  virtual bool can_reset() const = 0;  ///< false = the peer takes reset() for the end
};

/// Buffer that all reads of a loop share: bytes are borrowed from it for one on_bytes() call.
using ReadBuffer = std::vector<char>;

/// Accepts a pending connection of a listening stream. nullptr = the accept failed (the peer is
/// gone already). Give it its user before anything else.
std::unique_ptr<Transport> accept_stream(uv_stream_t* listener, ReadBuffer& buffer);

}  // namespace larder
