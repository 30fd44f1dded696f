// SPDX-License-Identifier: Apache-2.0
#include "daemon/connection.h"

#include <algorithm>
#include <array>

#include "conf/base/check.h"
#include "daemon/worker.h"

namespace larder {
namespace {

/// Pipelined bytes kept while an answer is under way; then the socket is left to fill.
constexpr std::size_t kMaxPipelined = 16 * 1024;

using State = Connection::State;

/// legal[from] = states that may follow.
constexpr std::array<std::array<bool, 6>, 6> kLegalMoves{{
    //            reading waiting streaming sending lingering closing
    /* reading */ {false, true, false, true, true, true},
    /* waiting */ {true, false, true, true, true, true},
    /* streaming*/ {true, false, false, false, true, true},
    /* sending */ {true, false, false, false, true, true},
    /* lingering*/ {false, false, false, false, false, true},
    /* closing */ {false, false, false, false, false, false},
}};

}  // namespace

const char* Connection::name_of(State state) {
  switch (state) {
    case State::reading:
      return "reading";
    case State::waiting:
      return "waiting";
    case State::streaming:
      return "streaming";
    case State::sending:
      return "sending";
    case State::lingering:
      return "lingering";
    case State::closing:
      return "closing";
  }
  return "?";
}

Connection::Connection(Worker& worker, std::unique_ptr<Transport> transport,
                       ListenerConfig::Role role)
    : worker_(worker), transport_(std::move(transport)), role_(role) {
  transport_->set_user(*this);
  if (worker_.logs()) client_ = transport_->peer();
}

Connection::~Connection() {
  stop_waiting();
}

void Connection::start() {
  set_deadline(worker_.config().server.header_timeout_ms);
  transport_->start_reading();
}

void Connection::transition_to(State next) {
  LARDER_CHECK(kLegalMoves[static_cast<std::size_t>(state_)][static_cast<std::size_t>(next)]);
  state_ = next;
}

void Connection::set_deadline(Milliseconds from_now) {
  deadline_ = {worker_.now().ms + from_now};
}

void Connection::on_bytes(std::string_view bytes) {
  if (state_ == State::lingering || state_ == State::closing) return;
  if (state_ != State::reading) return keep_input(bytes);
  if (!input_.empty()) {
    input_.append(bytes);
    return parse_own_input();
  }
  const auto taken = parse(bytes);
  if (taken < bytes.size() && state_ != State::lingering && state_ != State::closing) {
    keep_input(bytes.substr(taken));
  }
}

void Connection::keep_input(std::string_view rest) {
  input_.append(rest);
  if (state_ != State::reading && input_.size() > kMaxPipelined && !reading_stopped_) {
    reading_stopped_ = true;
    transport_->stop_reading();
  }
}

void Connection::parse_own_input() {
  const auto taken = parse(input_);
  input_.erase(0, taken);
  if (input_.empty()) input_.shrink_to_fit();
  if (reading_stopped_ && state_ == State::reading) {
    reading_stopped_ = false;
    transport_->start_reading();
  }
}

/// Takes requests while there are whole ones and each is answered at once. Returns the bytes used.
std::size_t Connection::parse(std::string_view input) {
  parsing_ = true;
  std::size_t used = 0;
  while (state_ == State::reading && used < input.size()) {
    const auto request = input.substr(used);
    if (!own_parser_) worker_.parser().reset();
    RequestParser& parser = own_parser_ ? *own_parser_ : worker_.parser();
    const auto outcome = parser.feed(request);
    if (outcome == RequestParser::Outcome::incomplete) {
      if (!own_parser_) {
        own_parser_ = std::make_unique<RequestParser>(worker_.config().server);
        own_parser_->feed(request);
        set_deadline(worker_.config().server.header_timeout_ms);
      }
      break;
    }
    begin_request();
    if (outcome == RequestParser::Outcome::refused) {
      refuse(parser.refusal(), {});
      used = input.size();
    } else {
      used += parser.consumed();
      gathering_ = used < input.size();
      if (!take_request(parser.view(request), parser.must_close())) used -= parser.consumed();
      gathering_ = false;
    }
    own_parser_.reset();
  }
  parsing_ = false;
  // A request of which only a part has come is parsed anew, with its own deadline, once what was
  // answered before is out.
  if (!worker_.gathered().empty() && !send_gathered()) own_parser_.reset();
  return used;
}

void Connection::begin_request() {
  current_ = Current{};
  if (worker_.logs()) current_.since_ns = uv_hrtime();
  counted_ = true;
}

/// False = what was answered before must go out first: the request is to be parsed again then.
bool Connection::take_request(const RequestView& view, bool must_close) {
  current_.method = view.method;
  current_.http_1_1 = view.version_major == 1 && view.version_minor == 1;
  current_.keep_alive = !must_close && !draining_ &&
                        served_ + 1 < worker_.config().server.max_requests_per_connection;
  const auto decision = worker_.dispatch().decide(view, role_, worker_.wall());
  if (const Scope* scope = worker_.dispatch().scope()) {
    std::copy_n(scope->mac.bytes.begin(), current_.scope.size(), current_.scope.begin());
  }
  const bool waits =
      decision.what == Decision::What::fill || decision.what == Decision::What::relay;
  if (waits && !worker_.gathered().empty()) {
    counted_ = false;
    if (!send_gathered()) return false;
    counted_ = true;
  }
  ++served_;
  answer(view, decision);
  return true;
}

void Connection::on_end(bool broken) {
  switch (state_) {
    case State::waiting:
    case State::streaming:
    case State::sending:
      if (broken) return abort_answer();
      current_.keep_alive = false;  // half-closed: it still reads
      input_.clear();
      transport_->stop_reading();
      return;
    default:
      close();
  }
}

void Connection::drain() {
  draining_ = true;
  current_.keep_alive = false;
  if (state_ == State::reading && input_.empty() && !own_parser_) close();
}

void Connection::check_deadline(MonotonicTime now) {
  if (state_ == State::closing || now < deadline_) return;
  const auto& server = worker_.config().server;
  switch (state_) {
    case State::reading:
      if (!own_parser_) return close();  // idle
      worker_.counters().timeouts.add();
      begin_request();
      return refuse({.status = 408,
                     .error_code = 408,
                     .cause = "the request header took too long",
                     .close = true},
                    {});
    case State::waiting:
      worker_.counters().timeouts.add();
      leave();
      return fail_order(
          Refusal{.status = 504,
                  .error_code = 504,
                  .cause = "the origin did not answer within server.request_timeout"});
    case State::streaming:
    case State::sending:
      if (writing_ && progressed()) return set_deadline(server.write_timeout_ms);
      worker_.counters().timeouts.add();
      return abort_answer();
    default:
      close();
  }
}

/// At least 1 KiB/s since the last look.
bool Connection::progressed() {
  const auto unsent = transport_->unsent();
  const auto least =
      static_cast<std::size_t>(worker_.config().server.write_timeout_ms);  // bytes: 1 per ms
  const bool moved =
      last_unsent_ > unsent && last_unsent_ - unsent >= std::min(least, last_unsent_);
  last_unsent_ = unsent;
  return moved;
}

void Connection::close() {
  if (state_ == State::closing) return;
  const bool answers =
      state_ == State::waiting || state_ == State::streaming || state_ == State::sending;
  if (answers) return abort_answer();
  leave();
  stop_waiting();
  transition_to(State::closing);
  transport_->close();
}

void Connection::on_closed() {
  worker_.on_connection_closed(*this);
}  // destroys this

}  // namespace larder
