// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "conf/base/clock.h"
#include "daemon/client/client_host.h"
#include "daemon/http1/transport.h"

namespace larder {

/// The bytes of one HTTP/1.1 connection on their way out, in order. HTTP/2 would put frames of
/// several exchanges into one of these, each with a window of its own before it.
///
/// Borrowed bytes go to the socket at once; what it does not take is copied. Owned pieces are
/// queued. What has to wait is charged to server.max_output, and stands in the worker's line of
/// those that are cut off at that bound.
///
/// Functions that return bool: false = the socket is broken, or the connection was cut off: its
/// answer must end. They may call OutputHolder::cut_off() and TransportUser::on_end().
class OutQueue {
 public:
  enum class State : std::uint8_t {
    ready,    ///< the socket may take bytes at once
    writing,  ///< a transport write is out
    ended,    ///< nothing goes out any more
  };

  OutQueue(ClientHost& host, Transport& transport, OutputHolder& holder)
      : host_(host), transport_(transport), holder_(holder) {}
  ~OutQueue() { end(); }
  OutQueue(const OutQueue&) = delete;
  OutQueue& operator=(const OutQueue&) = delete;

  State state() const { return state_; }
  bool is_writing() const { return state_ == State::writing; }
  /// All that was given to it is with the socket.
  bool is_idle() const { return state_ == State::ready && queue_.empty(); }
  /// Bytes that the socket has taken, over the connection's life.
  std::uint64_t sent() const { return sent_; }

  /// Sends borrowed bytes behind what is gathered. `gather`: another answer of the same pipeline
  /// follows in this turn, so that small ones may be gathered too. Only while idle.
  bool send(std::string_view head, std::string_view body, bool gather);
  /// Sends what is gathered. Only while idle.
  bool send_gathered() { return send({}, {}, false); }

  void push(OutPiece piece) { queue_.push_back(std::move(piece)); }
  void push_front(OutPiece piece) { queue_.insert(queue_.begin(), std::move(piece)); }
  /// Sends what is queued, as far as the socket takes it; the rest is the transport's until
  /// on_written().
  bool flush();
  /// Of the transport: the write is done. flush() goes on.
  void on_written(std::size_t bytes);
  /// Keeps what is queued from the socket for a while, but in the line of those that wait.
  bool hold_back();
  void stop_waiting();

  /// True = this turn has done enough: what is large, or can wait, should go on when the holder's
  /// on_turn() is called.
  bool puts_off();
  /// Of the holder's on_turn().
  void take_turn() { turn_place_ = 0; }

  /// The client has taken less than 1 KiB/s of the write that is out, for server.write_timeout.
  bool is_stuck(MonotonicTime now);
  /// Bytes that nobody else holds.
  std::size_t sole_bytes() const;
  /// The connection closes.
  void end();

 private:
  void count_sent(std::size_t bytes);
  void drop_front(std::size_t bytes, std::size_t looked_at);
  bool write_rest();
  bool progressed();

  ClientHost& host_;
  Transport& transport_;
  OutputHolder& holder_;
  State state_ = State::ready;
  std::vector<OutPiece> queue_;  ///< behind the write that is out
  std::uint64_t sent_ = 0;
  std::uint64_t place_ = 0;               ///< among those that wait for their clients; 0 = none
  HeldBytes::OutputCharge kernel_bytes_;  ///< while the write is out
  std::uint64_t turn_place_ = 0;          ///< in the line for a later turn; 0 = none
  MonotonicTime deadline_{};              ///< of the write that is out
  std::size_t last_unsent_ = 0;
};

}  // namespace larder
