// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/body/held_bytes.h"
#include "daemon/client/turn_line.h"
#include "daemon/http1/transport.h"
#include "daemon/tls/tls_session.h"
#include "daemon/tls/tls_state.h"

namespace larder {

class TlsTransport;

/// Whoever waits for the end of a handshake.
class TlsHandshakeOwner {
 public:
  virtual ~TlsHandshakeOwner() = default;
  /// In it the transport should get another user; what has come behind the handshake follows.
  virtual void on_handshake_done(TlsTransport& transport) = 0;
  virtual void on_handshake_failed(TlsTransport& transport, bool left) = 0;
};

/// What all TLS connections of a worker share.
struct TlsTools {
  TlsTools(TurnLine& line, const HeldBytes& account) : turn(line), held(account) {}
  TurnLine& turn;
  const HeldBytes& held;
  std::vector<char> plaintext = std::vector<char>(TlsSession::kRecordBytes);  ///< of one read
  std::string record;   ///< head and body of a small answer, to be sealed as one record
  std::string records;  ///< sealed, to go out in one call; empty between two calls
};

/// TLS between a socket's transport and a connection. A handshake comes first, under its owner;
/// then the user drives it like any other transport.
///
/// A record that was sealed has to go out: where the socket takes only a part of it, try_write()
/// keeps the rest and says that the plaintext was not taken, and knows it again when the user gives
/// it to write(). So what waits for a client is the user's to charge and to cut off, as without
/// TLS; the sealed bytes are charged to server.max_output as well.
///
/// The end of the socket's stream without close_notify counts as broken: something may be missing.
class TlsTransport final : public Transport,
                           private TransportUser,
                           private TurnTaker,
                           private TlsOutput {
 public:
  TlsTransport(std::unique_ptr<Transport> socket, std::shared_ptr<const TlsContext> context,
               TlsTools& tools, TlsHandshakeOwner& owner);
  ~TlsTransport() override;

  /// From here on the owner is called.
  void begin_handshake();
  const TlsSession& session() const { return session_; }

  // Transport
  void set_user(TransportUser& user) override { user_ = &user; }
  std::string peer() const override { return socket_->peer(); }
  void start_reading() override;
  void stop_reading() override;
  Result<std::size_t> try_write(std::span<const std::string_view> pieces) override;
  void write(std::vector<OutPiece> pieces) override;
  void shut_down_sending() override;
  std::size_t unsent() const override;
  std::size_t kernel_bytes() const override { return socket_->kernel_bytes(); }
  std::size_t sole_bytes() const override;
  void close() override;
  void reset() override;
  bool can_reset() const override { return socket_->can_reset(); }

 private:
  // TransportUser: of the socket
  void on_bytes(std::string_view bytes) override;
  void on_end(bool broken) override;
  void on_written(std::size_t bytes) override;
  void on_closed() override { user_->on_closed(); }  // destroys this
  // TurnTaker
  void on_turn() override;
  // TlsOutput
  bool put(std::string_view ciphertext) override;

  void transition_to(TlsState next);
  void take_input(std::string_view bytes);
  void step_handshake();
  void read_records();
  void keep_input(std::string_view rest);
  void settle();
  bool flush();
  void write_next();
  std::optional<std::size_t> seal_some(std::span<const std::string_view> pieces, bool gather);
  void drop_sealed(std::size_t bytes);

  std::unique_ptr<Transport> socket_;
  TlsTools& tools_;
  TlsHandshakeOwner& owner_;
  TlsSession session_;
  TransportUser* user_ = nullptr;
  TlsState state_ = TlsState::handshaking;
  bool running_ = false;  ///< input is being taken on the stack
  bool socket_reads_ = false;
  bool reading_ = false;    ///< the user wants bytes
  bool in_flight_ = false;  ///< a write of the socket is out
  bool writing_ = false;    ///< a write() of the user is
  bool peer_gone_ = false;  ///< its stream has ended without close_notify
  bool gathering_ = false;  ///< records are kept for one call
  std::uint64_t turn_place_ = 0;
  std::string kept_;  ///< ciphertext that must wait: for a turn, or for the user
  HeldBytes::OutputCharge kept_charge_;
  std::string sealed_;            ///< ciphertext that the socket has not taken
  std::size_t ahead_ = 0;         ///< its plaintext, which try_write() has not said to be taken
  std::deque<OutPiece> to_seal_;  ///< of write()
  std::size_t write_bytes_ = 0;   ///< of write(), all of it
};

}  // namespace larder
