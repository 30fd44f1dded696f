// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daemon/bus/bus_entry.h"
#include "daemon/bus/bus_socket.h"

namespace larder {

/// An answer of Redis.
struct BusReply {
  enum class Kind : std::uint8_t { nothing, text, number, list };
  Kind kind = Kind::nothing;
  std::string text;
  std::int64_t number = 0;
  std::vector<BusReply> items;
};

/// Entries as they came, the oldest first.
struct BusBatch {
  struct Entry {
    BusId id;
    BusFields fields;  ///< empty = they are of a form that no entry has
  };
  std::vector<Entry> entries;
  bool has_position = false;  ///< the entry from whose id on was read is in the stream
};

/// One connection that speaks Redis's protocol and knows the commands that the bus needs. The only
/// home of hiredis. Waits for answers: for a thread of its own. After an error it is of no use.
class BusConnection {
 public:
  static constexpr Milliseconds kTimeoutMs = 3'000;
  static constexpr Milliseconds kBlockMs = 1'000;
  static constexpr std::size_t kMostEntries = 64;  ///< of a batch
  static constexpr std::size_t kMostReplyBytes = 8u << 20;

  /// Connected, and let in by the password.
  static Result<std::unique_ptr<BusConnection>> open(const BusConfig& config,
                                                     const BusInterrupt& interrupt);
  ~BusConnection();
  BusConnection(const BusConnection&) = delete;
  BusConnection& operator=(const BusConnection&) = delete;

  /// Appends an entry, and lets the oldest beyond `bus.keep` go.
  Result<BusId> append(const BusFields& entry);
  /// What comes behind `position`; `waits`: for kBlockMs, where there is nothing yet. Error::full:
  /// it is larger than any that larder writes, and is not read.
  Result<BusBatch> read_behind(const BusId& position, bool waits);

 private:
  struct Reader;
  BusConnection(BusConfig config, std::unique_ptr<BusSocket> socket);
  using Command = std::vector<std::string>;
  Result<void> let_in();
  Result<void> send(const Command& command);
  Result<BusReply> receive();

  const BusConfig config_;
  std::unique_ptr<BusSocket> socket_;
  std::unique_ptr<Reader> reader_;
};

}  // namespace larder
