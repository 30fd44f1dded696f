// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/store/object.h"
#include "conf/base/clock.h"
#include "daemon/client/dispatch.h"
#include "daemon/http1/request_parser.h"
#include "daemon/http1/transport.h"
#include "daemon/watch/access_log.h"

namespace larder {

class Worker;

/// One client connection: reads requests one at a time, answers in order. Belongs to its worker;
/// ends in the close callback of its socket. Legal moves (`kLegalMoves` in the .cc):
///
///     reading -> waiting -> streaming -> reading | lingering
///     reading -> sending -> reading | lingering;  waiting -> sending
///     any -> closing
class Connection final : public TransportUser {
 public:
  enum class State : std::uint8_t {
    reading,    ///< for a request, or between two
    waiting,    ///< an order is with the origin thread, no head yet
    streaming,  ///< head sent, body comes from the origin thread
    sending,    ///< the whole answer is known; what the socket did not take is on its way
    lingering,  ///< answered for the last time; FIN sent, input discarded
    closing,
  };
  static const char* name_of(State state);

  Connection(Worker& worker, std::unique_ptr<Transport> transport, ListenerConfig::Role role);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  /// From the origin thread, for waiter `event.waiter` of this connection.
  void on_answer(AnswerEvent event);
  /// Called twice a second.
  void check_deadline(MonotonicTime now);
  /// No further request after the present one.
  void drain();
  /// At the bound of bytes that wait for clients: ends the answer.
  void cut_off();
  /// Bytes that only it held when it was cut off, until it is closed. 0 = it was not.
  std::size_t cut_bytes() const { return cut_bytes_; }
  /// At once; an answer that is under way is cut off.
  void close();

 private:
  /// What an answer needs beyond its first turn; absent while a hit goes out in one piece.
  struct Pending {
    std::uint64_t waiter = 0;  ///< 0 = no order is out
    bool relay = false;        ///< the order is a relay
    RelayOrder::To to = RelayOrder::To::delivery;
    std::optional<StaleRecall> recall;  ///< a stale object may stand in
    std::string target;
    std::string if_none_match;
    std::optional<std::uint64_t> body_length;  ///< announced to the client
    bool chunked = false;                      ///< Transfer-Encoding: chunked to this client
    /// The head, kept back until the length is known: the client could not tell a part from all.
    std::optional<std::string> withheld;
    std::uint64_t unacknowledged = 0;  ///< body bytes written since the last credit
    // A stored object in chunk rows, on its way:
    CacheKey key;
    std::uint64_t sequence = 0;
    std::uint32_t next_chunk = 0;
    std::uint32_t chunk_count = 0;
    std::uint64_t rest = 0;  ///< of its body, in the rows to come
  };
  /// What is known of the request being answered.
  struct Current {
    std::uint64_t since_ns = 0;  ///< uv_hrtime(), when the access log is on
    Method method = Method::get;
    bool keep_alive = true;
    bool http_1_1 = true;
    Outcome outcome = Outcome::refused;
    int status = 0;
    std::uint64_t body_bytes = 0;
    std::array<std::uint8_t, 4> scope{};
    std::array<std::uint8_t, 8> key{};
  };

  // TransportUser
  void on_bytes(std::string_view bytes) override;
  void on_end(bool broken) override;
  void on_written(std::size_t bytes) override;
  void on_closed() override;

  void transition_to(State next);
  // Requests in (connection.cc)
  std::size_t parse(std::string_view input);
  void parse_own_input();
  void keep_input(std::string_view rest);
  void begin_request();
  bool take_request(const RequestView& view, bool must_close);
  // Answers out (connection_answer.cc)
  void answer(const RequestView& view, const Decision& decision);
  void answer_text(const std::string& text, std::string_view target);
  void refuse(const Refusal& refusal, std::string_view target);
  void answer_object(const CacheKey& key, const ObjectView& object, std::string_view status_words,
                     std::string_view if_none_match, std::string_view target);
  void place_order(const RequestView& view, const Decision& decision);
  void begin_stream(const AnswerEvent& event);
  void queue_body(const Chunk& chunk);
  void withhold();
  void release_withheld();
  void end_stream(AnswerEvent::End end);
  void fail_order(const std::optional<Refusal>& failure);
  void send_chunk_rows();
  // Bytes out (connection_output.cc)
  bool send_gathered();
  bool send_now(std::string_view head, std::string_view body);
  void flush_queue();
  void settle();
  void finish(std::string_view target);
  void log_answer(std::string_view target);
  Pending& pending();
  void give_credit(std::size_t bytes);
  void leave();
  void abort_answer();
  void linger();
  void set_deadline(Milliseconds from_now);
  bool progressed();
  void stop_waiting();

  Worker& worker_;
  std::unique_ptr<Transport> transport_;
  State state_ = State::reading;
  const ListenerConfig::Role role_;
  bool parsing_ = false;        ///< inside parse(): who ends an answer does not parse on
  bool writing_ = false;        ///< a transport write is out
  bool body_complete_ = false;  ///< nothing more joins the queue
  bool draining_ = false;
  bool reading_stopped_ = false;
  bool counted_ = false;  ///< the request being answered is in no metric yet
  std::uint32_t served_ = 0;
  MonotonicTime deadline_{};
  std::size_t last_unsent_ = 0;
  std::uint64_t place_ = 0;  ///< among those that wait for their clients; 0 = none
  std::size_t cut_bytes_ = 0;
  bool gathering_ = false;  ///< more has come behind the request that is answered now
  std::string input_;       ///< bytes not yet parsed
  std::unique_ptr<RequestParser> own_parser_;  ///< of a request that came in pieces
  std::vector<OutPiece> queue_;                ///< behind the write that is out
  Current current_;
  std::unique_ptr<Pending> pending_;
  std::string client_;
};

}  // namespace larder
