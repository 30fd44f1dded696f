// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "conf/base/clock.h"
#include "conf/config.h"
#include "daemon/client/client_host.h"
#include "daemon/client/exchange.h"
#include "daemon/client/out_queue.h"
#include "daemon/http1/request_parser.h"
#include "daemon/http1/transport.h"

namespace larder {

/// One client connection of HTTP/1.0 or 1.1: bytes in, requests one at a time, answers in order.
/// Belongs to its host; ends in the close callback of its socket. TLS is a Transport of its own;
/// HTTP/2 a class beside this one, with an ExchangeSide for each stream. Legal moves (`kLegalMoves`
/// in the .cc):
///
///     reading -> answering -> reading | lingering
///     reading -> lingering (idle)
///     reading -> flushing -> reading
///     any -> closing
class Http1Connection final : public TransportUser, public AnswerTaker, public OutputHolder {
 public:
  enum class State : std::uint8_t {
    reading,    ///< for a request, or between two
    answering,  ///< an Exchange is under way
    flushing,   ///< answers of a pipeline must be with the socket before its next request is taken
    lingering,  ///< answered for the last time, or idle; FIN sent, input discarded
    closing,
  };
  static const char* name_of(State state);

  Http1Connection(ClientHost& host, std::unique_ptr<Transport> transport,
                  ListenerConfig::Role role);
  ~Http1Connection() override = default;
  Http1Connection(const Http1Connection&) = delete;
  Http1Connection& operator=(const Http1Connection&) = delete;

  void start();
  /// Called twice a second.
  void check_deadline(MonotonicTime now);
  /// The next answer ends it, and says so where its head is not out yet. Idle, it ends after a
  /// moment: a request may be on its way.
  void drain();
  /// Something has been under way for so long that it may go on.
  bool is_slow(MonotonicTime now) const;
  /// The last answer is with the socket.
  bool is_ending() const { return state_ == State::lingering || state_ == State::closing; }
  /// At once; an answer that is under way is cut off.
  void close();

  // AnswerTaker
  void on_answer(AnswerEvent event) override;
  // OutputHolder
  void on_turn() override;
  void cut_off() override;
  std::size_t cut_bytes() const override { return cut_bytes_; }

 private:
  // TransportUser
  void on_bytes(std::string_view bytes) override;
  void on_end(bool broken) override;
  void on_written(std::size_t bytes) override;
  void on_closed() override;

  void transition_to(State next);
  std::size_t parse(std::string_view input);
  void parse_own_input();
  void keep_input(std::string_view rest);
  void begin_own_parser(std::string_view request);
  bool take_request(const RequestView& view, bool must_close, bool more_behind);
  void refuse(const Refusal& refusal);
  bool send_gathered();
  void put_off_next();
  void settle();
  void go_on();
  void begin_closing();
  void cut();
  void linger();
  void stop_reading();
  void note_busy() { busy_since_ = host_.now(); }
  void set_deadline(Milliseconds from_now);

  ClientHost& host_;
  std::unique_ptr<Transport> transport_;
  const ListenerConfig::Role role_;
  State state_ = State::reading;
  bool draining_ = false;
  bool half_closed_ = false;      ///< the client sends nothing more
  bool client_gone_ = false;      ///< nobody waits for anything: to be closed
  bool reading_stopped_ = false;  ///< too much has come that must wait
  std::uint32_t served_ = 0;
  MonotonicTime deadline_{};    ///< while reading or lingering
  MonotonicTime busy_since_{};  ///< of what did not end in the turn in which it began
  std::size_t cut_bytes_ = 0;
  std::string input_;                          ///< bytes not yet parsed
  std::unique_ptr<RequestParser> own_parser_;  ///< of a request that came in pieces
  OutQueue out_;
  ExchangeSide side_;
  std::optional<Exchange> exchange_;  ///< while answering; also when that was cut off
};

}  // namespace larder
