// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "conf/base/clock.h"
#include "daemon/client/client_host.h"
#include "daemon/client/out_queue.h"
#include "daemon/client/stream_body.h"

namespace larder {

/// What the exchanges of one connection have in common. With HTTP/2, of one stream.
struct ExchangeSide {
  ClientHost& host;
  OutQueue& out;
  AnswerTaker& taker;  ///< hands the events of an order back to the exchange
  bool can_reset =
      true;            ///< the client can tell a body that is cut off by the end of the connection
  std::string client;  ///< its address, for the access log and the bound of slow relays
};

/// What the protocol says of one request, beside what it asks for.
struct RequestFraming {
  std::uint64_t since_ns = 0;  ///< TurnTimes::began_ns() of the turn of its last byte
  bool sampled = false;        ///< ClientHost::begin_sample()
  Method method = Method::get;
  bool http_1_1 = true;
  bool keep_alive = true;    ///< the connection takes a further request
  bool more_behind = false;  ///< the next one has come already
};

/// One request of one client and its answer: from the store, from the fetch thread, or an error.
/// Counts itself in the metrics and the access log when it is over. Legal moves (`kLegalMoves` in
/// the .cc):
///
///     begun -> waiting -> streaming -> done
///     begun -> sending -> done;  waiting -> sending;  begun, waiting -> done
///     begun, waiting, streaming, sending -> aborted
///
/// Never destroys itself or moves on to the next request: after each call its owner looks at
/// state(), and resets the connection when that is `aborted`. A request body would be taken in
/// state `begun`, before the order is placed.
class Exchange {
 public:
  enum class State : std::uint8_t {
    begun,
    waiting,    ///< an order is with the fetch thread, no head yet
    streaming,  ///< the head is given to the OutQueue, the body comes from the fetch thread
    sending,    ///< all else is known; what the socket did not take is on its way
    done,       ///< the answer is with the socket
    aborted,    ///< cut off: nobody may take what was sent for whole
  };
  static const char* name_of(State state);

  /// `side` outlives it.
  Exchange(const ExchangeSide& side, const RequestFraming& framing)
      : side_(side), framing_(framing) {}
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Once, one of them. Views end with the call.
  void answer(const RequestView& view, const Plan& plan);
  void refuse(const Refusal& refusal, std::string_view target);

  /// From the fetch thread, for its order.
  void on_answer(AnswerEvent event);
  /// OutQueue::on_written() was called, or the turn that the OutQueue waited for has come.
  void on_written();
  /// While the OutQueue does not write: that has a deadline of its own.
  void check_deadline(MonotonicTime now);
  /// The client is gone, or must be cut off.
  void abort();
  /// The connection takes no further request, if the head has not said otherwise yet.
  void end_keep_alive() {
    if (state_ == State::begun || state_ == State::waiting) framing_.keep_alive = false;
  }

  State state() const { return state_; }
  bool is_over() const { return state_ == State::done || state_ == State::aborted; }
  /// As announced to the client.
  bool keeps_alive() const { return framing_.keep_alive; }

 private:
  /// What an answer needs beyond its first turn; absent while a hit goes out in one piece.
  struct Pending {
    std::string target;
    Waiter waiter;       ///< of the order that is out; number 0 = none
    bool relay = false;  ///< the order is a relay
    RelayOrder::To to = RelayOrder::To::delivery;
    std::optional<StaleRecall> recall;  ///< a stale object may stand in
    std::string if_none_match;
    std::unique_ptr<BodySource> body;
    StreamBody* stream = nullptr;    ///< `body`, when that comes from the fetch thread
    std::uint64_t sent_before = 0;   ///< OutQueue::sent() when the body began
    std::uint64_t acknowledged = 0;  ///< bytes for which credit was given
  };

  void transition_to(State next);
  void answer_hit(const RequestView& view, const Plan& plan);
  void answer_text(const std::string& text, std::string_view target);
  void answer_object(const CacheKey& key, const ObjectView& object, std::string_view words,
                     std::string_view if_none_match, std::string_view target);
  void place_order(const RequestView& view, const Plan& plan);
  void begin_stream(const AnswerEvent& event);
  BodyFraming framing_of(const AnswerHead& head) const;
  void fail_order(const std::optional<Refusal>& failure);
  bool answer_stale();
  void pump();
  void give_credit();
  void leave();
  void forget_waiter();
  void finish(std::string_view target);
  void count();
  std::uint64_t duration_us() const;
  void account(std::string_view target);
  std::string_view told_id() const;
  AccessRecord record_of(std::string_view target) const;
  void sample(const AccessRecord& record);
  Pending& pending();
  void set_deadline();

  const ExchangeSide& side_;
  RequestFraming framing_;
  State state_ = State::begun;
  Outcome outcome_ = Outcome::refused;
  Reason reason_ = Reason::malformed;  ///< of its plan, once there is one
  const char* detail_ = "";            ///< as in the access log
  RequestId id_;
  TraceParent trace_;  ///< where an origin or the access log is told
  int status_ = 0;
  std::optional<Kind> kind_;  ///< where the answer may be stored
  std::optional<ScopeCounts::Place> scope_place_;
  std::uint64_t body_bytes_ = 0;
  std::array<std::uint8_t, 4> scope_{};
  CacheKey key_;                                ///< all zero = none
  MonotonicTime deadline_{};                    ///< of the fetch thread
  std::shared_ptr<const Scope> sampled_scope_;  ///< where the request is sampled
  std::unique_ptr<Pending> pending_;
};

}  // namespace larder
