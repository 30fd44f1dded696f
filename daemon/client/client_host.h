// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <uv.h>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cache/body/chunk.h"
#include "cache/body/held_bytes.h"
#include "cache/store/store.h"
#include "conf/base/clock.h"
#include "conf/config.h"
#include "daemon/client/planner.h"
#include "daemon/client/turn_line.h"
#include "daemon/client/turn_times.h"
#include "daemon/http1/answer_text.h"
#include "daemon/http1/request_parser.h"
#include "daemon/orders/orders.h"
#include "daemon/watch/access_log.h"
#include "daemon/watch/decision_ring.h"
#include "daemon/watch/metrics.h"
#include "daemon/watch/request_sample.h"
#include "upstream/answer.h"

namespace larder {

class Http1Connection;

/// Whoever waits for the answer to an order: a connection, on behalf of its exchange.
class AnswerTaker {
 public:
  virtual ~AnswerTaker() = default;
  /// On the worker's loop. Events of one waiter come in order, none after remove_waiter().
  virtual void on_answer(AnswerEvent event) = 0;
};

/// A connection whose bytes wait for its client, or for a later turn.
class OutputHolder : public TurnTaker {
 public:
  /// At the bound of bytes that wait for clients: ends the answer.
  virtual void cut_off() = 0;
  /// Bytes that only it held when it was cut off, until it is closed. 0 = it was not.
  virtual std::size_t cut_bytes() const = 0;
};

/// What connections and exchanges need of their worker. Outlives them; used on its loop only. The
/// parts that a hit uses most are members, so that they cost no virtual call.
class ClientHost {
 public:
  ClientHost(RequestParser& parser, Planner& planner, StoreReader& reader, WorkerMetrics& counters,
             DecisionRing decisions = DecisionRing())
      : parser_(parser),
        planner_(planner),
        reader_(reader),
        counters_(counters),
        decisions_(std::move(decisions)) {}
  virtual ~ClientHost() = default;
  ClientHost(const ClientHost&) = delete;
  ClientHost& operator=(const ClientHost&) = delete;

  /// For requests that have come in one piece.
  RequestParser& parser() { return parser_; }
  Planner& planner() { return planner_; }
  StoreReader& reader() { return reader_; }
  WorkerMetrics& counters() { return counters_; }
  /// The last ones.
  DecisionRing& decisions() { return decisions_; }
  TurnTimes& times() { return times_; }
  /// For a request without one of its own.
  RequestId make_id() {
    // Made for the next request: octets that were just written one by one are slow to read.
    const RequestId id = made_id_;
    made_id_ = RequestId::made(++last_id_);
    return id;
  }
  /// For the head that is written now. Its room is kept from one to the next.
  std::string& head_buffer() { return head_buffer_; }
  /// Answers that wait for the next one of the same pipeline, while its connection parses; empty
  /// otherwise.
  std::string& gathered() { return gathered_; }
  /// What this turn has done, and what waits for the next one.
  TurnLine& turn() { return turn_; }
  /// For answers after which the connection stays open.
  std::string_view keep_alive() const { return keep_alive_; }

  virtual const ServerConfig& server() const = 0;
  virtual const UpstreamConfig& upstream() const = 0;
  virtual std::string_view date() = 0;              ///< for a Date field; good until the next call
  MonotonicTime now() const { return time().now; }  ///< of this turn
  WallTime wall() const { return time().wall; }     ///< of this turn

  /// Names `taker` as the one who gets the events of an order.
  virtual Waiter add_waiter(AnswerTaker& taker) = 0;
  virtual void remove_waiter(std::uint64_t waiter) = 0;
  /// To the fetch thread.
  virtual void post(FetchOrder order) = 0;
  /// Asks for a refresh of a plan's stale object, at most once a second for each key.
  virtual void refresh(const RequestView& request, const Plan& plan) = 0;

  /// Charges bytes to server.max_output until they are freed.
  virtual Chunk hold_output(std::string bytes) = 0;
  /// Charges bytes that the kernel holds for a client to server.max_output.
  virtual HeldBytes::OutputCharge charge_output(std::size_t bytes) = 0;
  /// From here on the holder's bytes wait for its client. Gives its place in the line, never 0.
  virtual std::uint64_t begin_waiting(OutputHolder& holder) = 0;
  virtual void end_waiting(std::uint64_t place) = 0;
  /// Sees to room for more bytes that wait for clients: at the bound those who have waited longest
  /// are cut off, which may be the caller. False = nobody is left to cut off.
  virtual bool make_output_room(std::size_t bytes) = 0;

  virtual bool logs() const = 0;  ///< the access log is on
  /// AccessSampler::take() for a request that is over; 0 also where the log is off.
  virtual double access_share(bool is_error) = 0;
  virtual void log_request(const AccessRecord& record) = 0;
  /// Is this request one of those that tell what is hot? The first of a turn is, while there is
  /// room for it.
  bool begin_sample() {
    if (has_sampled_ || !samples()) return false;
    has_sampled_ = true;
    return true;
  }
  /// There is room for one more.
  virtual bool samples() const = 0;
  virtual void sample_request(const RequestSample& sample) = 0;

  /// The last thing a connection does; destroys it.
  virtual void on_connection_closed(Http1Connection& connection) = 0;

 protected:
  struct Time {
    MonotonicTime now;
    WallTime wall;
  };
  virtual Time read_time() const = 0;
  /// When a turn ends: the next one reads the clocks when it first asks for the time.
  void forget_time() {
    time_.reset();
    times_.end();
    has_sampled_ = false;
  }
  /// At the start: no other worker of the machine is to count from near here.
  void count_ids_from(std::uint64_t first) {
    last_id_ = first;
    made_id_ = RequestId::made(first);
  }
  /// At the start, and when the time-out changes.
  void announce_idle_timeout(Milliseconds timeout) { keep_alive_ = keep_alive_lines(timeout); }

 private:
  const Time& time() const {
    if (!time_) time_ = read_time();
    return *time_;
  }

  RequestParser& parser_;
  Planner& planner_;
  StoreReader& reader_;
  WorkerMetrics& counters_;
  DecisionRing decisions_;
  std::uint64_t last_id_ = 0;
  RequestId made_id_ = RequestId::made(0);
  TurnLine turn_;
  mutable std::optional<Time> time_;
  TurnTimes times_{counters_.times};
  bool has_sampled_ = false;  ///< in this turn
  std::string head_buffer_;
  std::string gathered_;
  std::string keep_alive_;
};

}  // namespace larder
