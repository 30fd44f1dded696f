// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "conf/base/clock.h"
#include "upstream/answer.h"
#include "upstream/transfers.h"

namespace larder {

class Relay;

/// What a relay needs of whoever owns it.
class RelayOwner {
 public:
  virtual ~RelayOwner() = default;
  /// A piece that is charged as output until its client has it.
  virtual Chunk hold_output(std::string bytes) = 0;
  /// Nothing more to do; destroys the relay.
  virtual void on_relay_over(Waiter waiter) = 0;
};

/// One transfer for one waiter, handed through: no lookup, no store, no join, no retry. Knows
/// neither the store nor the table of fills, and cannot: this is all that preview traffic meets.
/// Reads from the origin at most `kWindowBytes` ahead of what the client has taken.
class Relay final : public TransferSink {
 public:
  enum class Privacy : std::uint8_t {
    as_sent,           ///< the origin's cache directives go to the client
    private_no_store,  ///< previews: nobody behind us may keep the answer
  };
  static constexpr std::uint64_t kWindowBytes = 256 * 1024;

  Relay(Transfers& transfers, RelayOwner& owner, Waiter waiter, Privacy privacy);
  ~Relay() override;  ///< ends the transfer
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// An error: nothing was started, and why.
  std::optional<OriginError> start(OriginRequest request);
  /// The client has taken this many more bytes.
  void credit(std::uint64_t bytes);
  /// Another span has gone by. Gives how long, all in all, its client has kept it from reading on.
  Milliseconds count_wait(Milliseconds span);
  /// Its client reads too slowly: the answer breaks off. Destroys the relay.
  void cut();

 private:
  void on_progress(TransferProgress progress) override;
  std::shared_ptr<const AnswerHead> head_for(const TransferProgress& progress) const;

  Transfers& transfers_;
  RelayOwner& owner_;
  const Waiter waiter_;
  const Privacy privacy_;
  Transfer* transfer_ = nullptr;
  MonotonicTime started_;
  bool head_sent_ = false;
  std::uint64_t sent_ = 0;
  std::uint64_t taken_ = 0;
  Milliseconds waited_ms_ = 0;
};

}  // namespace larder
