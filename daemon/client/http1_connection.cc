// SPDX-License-Identifier: Apache-2.0
#include "daemon/client/http1_connection.h"

#include <uv.h>
#include <algorithm>
#include <array>
#include <utility>

#include "conf/base/check.h"

namespace larder {
namespace {

/// Pipelined bytes kept while an answer is under way; then the socket is left to fill.
constexpr std::size_t kMaxPipelined = 16 * 1024;
constexpr Milliseconds kLingerMs = 1'000;
constexpr Milliseconds kSlowMs = 500;
/// While draining: for the next request, and for the first one of a new connection.
constexpr Milliseconds kDrainIdleMs = 500;
constexpr Milliseconds kDrainFirstMs = 1'000;

using State = Http1Connection::State;

/// legal[from] = states that may follow.
constexpr std::array<std::array<bool, 5>, 5> kLegalMoves{{
    //               reading answering flushing lingering closing
    /* reading */ {false, true, true, true, true},
    /* answering */ {true, false, false, true, true},
    /* flushing */ {true, false, false, false, true},
    /* lingering */ {false, false, false, false, true},
    /* closing */ {false, false, false, false, false},
}};

/// A body of this length or more waits for the next turn when this one has done enough.
constexpr std::uint64_t kLargeBody = 16 * 1024;

bool has_large_body(const Plan& plan) {
  return plan.what == Plan::What::answer && plan.object->meta.body_length >= kLargeBody;
}

bool waits_for_origin(const Plan& plan) {
  return plan.what == Plan::What::fill || plan.what == Plan::What::relay;
}

}  // namespace

const char* Http1Connection::name_of(State state) {
  switch (state) {
    case State::reading:
      return "reading";
    case State::answering:
      return "answering";
    case State::flushing:
      return "flushing";
    case State::lingering:
      return "lingering";
    case State::closing:
      return "closing";
  }
  return "?";
}

Http1Connection::Http1Connection(ClientHost& host, std::unique_ptr<Transport> transport,
                                 ListenerConfig::Role role)
    : host_(host),
      transport_(std::move(transport)),
      role_(role),
      out_(host, *transport_, *this),
      side_{.host = host,
            .out = out_,
            .taker = *this,
            .can_reset = transport_->can_reset(),
            .client = transport_->peer()} {
  transport_->set_user(*this);
}

void Http1Connection::start() {
  set_deadline(host_.server().header_timeout_ms);
  transport_->start_reading();
}

void Http1Connection::transition_to(State next) {
  LARDER_CHECK(kLegalMoves[static_cast<std::size_t>(state_)][static_cast<std::size_t>(next)]);
  state_ = next;
}

void Http1Connection::set_deadline(Milliseconds from_now) {
  deadline_ = {host_.now().ms + from_now};
}

void Http1Connection::on_bytes(std::string_view bytes) {
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

void Http1Connection::keep_input(std::string_view rest) {
  input_.append(rest);
  if (state_ != State::reading && input_.size() > kMaxPipelined) stop_reading();
}

void Http1Connection::stop_reading() {
  if (reading_stopped_ || half_closed_) return;
  reading_stopped_ = true;
  transport_->stop_reading();
}

void Http1Connection::parse_own_input() {
  const auto taken = parse(input_);
  input_.erase(0, taken);
  if (input_.empty()) input_.shrink_to_fit();
  if (state_ != State::reading) return;
  if (half_closed_) return close();  // what is left will never be a whole request
  if (std::exchange(reading_stopped_, false)) transport_->start_reading();
}

/// Takes requests while there are whole ones and each is answered at once. Returns the bytes used.
std::size_t Http1Connection::parse(std::string_view input) {
  std::size_t used = 0;
  while (state_ == State::reading && used < input.size()) {
    const auto request = input.substr(used);
    if (!own_parser_) host_.parser().reset();
    RequestParser& parser = own_parser_ ? *own_parser_ : host_.parser();
    const auto outcome = parser.feed(request);
    if (outcome == RequestParser::Outcome::incomplete) {
      if (!own_parser_) begin_own_parser(request);
      break;
    }
    if (outcome == RequestParser::Outcome::refused) {
      used = input.size();
      refuse(parser.refusal());
    } else {
      const auto length = parser.consumed();
      const bool more_behind = length < request.size();
      if (take_request(parser.view(request), parser.must_close(), more_behind)) used += length;
    }
    own_parser_.reset();
  }
  // A request of which only a part has come is parsed anew, with its own deadline, once what was
  // answered before is out.
  if (!send_gathered()) own_parser_.reset();
  return used;
}

void Http1Connection::begin_own_parser(std::string_view request) {
  own_parser_ = std::make_unique<RequestParser>(host_.server());
  own_parser_->feed(request);
  set_deadline(host_.server().header_timeout_ms);
  note_busy();
}

/// False = what was answered before must go out first, or the turn has done enough: the request is
/// to be parsed again then.
bool Http1Connection::take_request(const RequestView& view, bool must_close, bool more_behind) {
  const bool last = (draining_ || half_closed_) && !more_behind;
  const RequestFraming framing{
      .since_ns = host_.times().began_ns(),
      .sampled = host_.begin_sample(),
      .method = view.method,
      .http_1_1 = view.version_major == 1 && view.version_minor == 1,
      .keep_alive =
          !must_close && !last && served_ + 1 < host_.server().max_requests_per_connection,
      .more_behind = more_behind};
  const Plan plan = host_.planner().plan(view, role_, host_.wall());
  const bool put_off = has_large_body(plan) && host_.turn().is_spent();
  if ((put_off || waits_for_origin(plan)) && !send_gathered()) return false;
  if (put_off) {
    put_off_next();
    return false;
  }
  ++served_;
  transition_to(State::answering);
  exchange_.emplace(side_, framing).answer(view, plan);
  settle();
  if (state_ == State::answering) note_busy();
  return true;
}

/// Answers what is no request, and ends the connection.
void Http1Connection::refuse(const Refusal& refusal) {
  transition_to(State::answering);
  exchange_.emplace(side_, RequestFraming{.since_ns = host_.times().began_ns()})
      .refuse(refusal, {});
  settle();
}

/// False = not all of it went out, and that must be sent first; or the connection is gone.
bool Http1Connection::send_gathered() {
  if (host_.gathered().empty()) return true;
  if (!out_.send_gathered()) {
    cut();
    return false;
  }
  if (out_.is_idle()) return true;
  transition_to(State::flushing);
  note_busy();
  return false;
}

/// The request is taken in a later turn.
void Http1Connection::put_off_next() {
  LARDER_CHECK(out_.puts_off());
  transition_to(State::flushing);
  note_busy();
}

void Http1Connection::on_turn() {
  out_.take_turn();
  if (client_gone_) return close();
  if (state_ == State::answering) exchange_->on_written();
  go_on();
}

/// Moves on when what was under way is over.
void Http1Connection::settle() {
  if (state_ == State::answering) {
    if (!exchange_->is_over()) return;
    if (exchange_->state() == Exchange::State::aborted) return cut();
    const bool keeps_alive = exchange_->keeps_alive() && !(half_closed_ && input_.empty());
    exchange_.reset();
    if (!keeps_alive) return linger();
  } else if (state_ != State::flushing || !out_.is_idle()) {
    return;
  }
  transition_to(State::reading);
  set_deadline(draining_ ? kDrainIdleMs : host_.server().idle_timeout_ms);
}

/// After an event that may have ended what was under way: takes the requests that came meanwhile.
void Http1Connection::go_on() {
  settle();
  if (state_ != State::reading) return;
  if (!input_.empty() || reading_stopped_ || half_closed_) parse_own_input();
}

void Http1Connection::on_answer(AnswerEvent event) {
  LARDER_CHECK(state_ == State::answering);
  exchange_->on_answer(std::move(event));
  go_on();
}

void Http1Connection::on_written(std::size_t bytes) {
  out_.on_written(bytes);
  if (state_ == State::answering) exchange_->on_written();
  go_on();
}

void Http1Connection::on_end(bool broken) {
  if (state_ != State::answering && state_ != State::flushing) {
    if (state_ == State::closing) return;
    client_gone_ = true;
    transport_->stop_reading();
    if (!out_.puts_off()) close();
    return;
  }
  if (broken) return cut();
  half_closed_ = true;  // it still reads
  transport_->stop_reading();
  if (state_ == State::answering && input_.empty()) exchange_->end_keep_alive();
}

void Http1Connection::drain() {
  draining_ = true;
  if (!input_.empty()) return;
  if (state_ == State::answering) return exchange_->end_keep_alive();
  if (state_ != State::reading) return;
  const auto patience = served_ == 0 ? kDrainFirstMs : kDrainIdleMs;
  deadline_ = std::min(deadline_, MonotonicTime{host_.now().ms + patience});
}

bool Http1Connection::is_slow(MonotonicTime now) const {
  const bool busy = state_ == State::answering || state_ == State::flushing ||
                    (state_ == State::reading && !input_.empty());
  return busy && now.ms - busy_since_.ms >= kSlowMs;
}

void Http1Connection::check_deadline(MonotonicTime now) {
  switch (state_) {
    case State::reading:
      if (now < deadline_) return;
      if (!own_parser_) return linger();  // idle
      host_.counters().timeouts.add();
      return refuse({.status = 408,
                     .error_code = 408,
                     .cause = "the request header took too long",
                     .close = true});
    case State::answering:
    case State::flushing:
      if (out_.is_stuck(now)) {
        host_.counters().timeouts.add();
        return cut();
      }
      if (state_ == State::flushing) return;  // goes on when it is written, or in its turn
      if (!out_.is_writing()) exchange_->check_deadline(now);
      return go_on();
    case State::lingering:
      if (now >= deadline_) close();
      return;
    case State::closing:
      return;
  }
}

void Http1Connection::cut_off() {
  cut_bytes_ = out_.sole_bytes();
  cut();
}

void Http1Connection::begin_closing() {
  out_.end();
  host_.turn().spend(TurnLine::kConnectionBytes);
  transition_to(State::closing);
}

/// Ends the connection so that nobody takes an answer that is under way for whole.
void Http1Connection::cut() {
  if (state_ == State::closing) return;
  if (exchange_) exchange_->abort();
  begin_closing();
  transport_->reset();
}

void Http1Connection::close() {
  if (state_ == State::closing) return;
  if (state_ == State::answering || state_ == State::flushing) return cut();
  begin_closing();
  transport_->close();
}

/// FIN, then read on for a while: closing at once could send RST and lose the answer (RFC 9112
/// section 9.6). A request that was on its way to an idle connection meets an orderly end as well,
/// after which clients send it again.
void Http1Connection::linger() {
  transition_to(State::lingering);
  host_.turn().spend(TurnLine::kConnectionBytes);
  input_.clear();
  transport_->shut_down_sending();
  if (half_closed_) return close();
  if (reading_stopped_) transport_->start_reading();
  set_deadline(kLingerMs);
}

void Http1Connection::on_closed() {
  host_.on_connection_closed(*this);
}  // destroys this

}  // namespace larder
