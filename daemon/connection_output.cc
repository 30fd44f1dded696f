// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "conf/base/check.h"
#include "daemon/connection.h"
#include "daemon/worker.h"

/// The bytes of a Connection on their way out, and what ends an answer.
namespace larder {
namespace {

/// Credits go back in lots, so that small answers cost no message.
constexpr std::uint64_t kCreditLot = 64 * 1024;
constexpr Milliseconds kLingerMs = 1'000;
/// Answers of a pipeline that go out in one call.
constexpr std::size_t kGatherBytes = 16 * 1024;

/// What is left of pieces of which so many bytes are gone.
template <std::size_t count>
std::string copy_rest(const std::array<std::string_view, count>& pieces, std::size_t gone) {
  std::string rest;
  for (const auto piece : pieces) {
    rest.append(piece.substr(std::min(gone, piece.size())));
    gone -= std::min(gone, piece.size());
  }
  return rest;
}

}  // namespace

/// Writes borrowed bytes, behind those that were gathered; or gathers them too. What the socket
/// does not take now is copied. Nothing may be queued before. False = the connection is gone.
bool Connection::send_now(std::string_view head, std::string_view body) {
  LARDER_CHECK(!writing_ && queue_.empty());
  std::string& gathered = worker_.gathered();
  const auto total = gathered.size() + head.size() + body.size();
  if (gathering_ && current_.keep_alive && total <= kGatherBytes) {
    gathered.append(head).append(body);
    return true;
  }
  const std::array<std::string_view, 3> pieces{gathered, head, body};
  const auto taken = transport_->try_write(pieces);
  if (!taken) {
    abort_answer();
    return false;
  }
  worker_.counters().bytes_sent.add(*taken);
  if (*taken == total) {
    gathered.clear();
    return true;
  }
  if (!worker_.make_output_room(total - *taken)) {
    abort_answer();
    return false;
  }
  queue_.push_back({.owner = copy_rest(pieces, *taken)});
  gathered.clear();
  flush_queue();
  return state_ != State::closing;
}

/// Before a request is answered, or when there is none. False = not all of it went out: that is
/// sent first, and the request is none yet; or the connection is gone.
bool Connection::send_gathered() {
  gathering_ = false;
  const bool open = state_ != State::closing && send_now({}, {});
  worker_.gathered().clear();
  if (!open) return false;
  if (!writing_) return true;
  current_ = Current{};
  counted_ = false;
  transition_to(State::sending);
  return false;
}

/// Sends what is queued, as far as the socket takes it; the rest is the transport's until
/// on_written().
void Connection::flush_queue() {
  if (writing_ || queue_.empty()) return;
  std::array<std::string_view, 16> views;
  std::size_t count = 0;
  while (count < views.size() && count < queue_.size()) {
    views[count] = queue_[count].rest();
    ++count;
  }
  const auto taken = transport_->try_write({views.data(), count});
  if (!taken) return abort_answer();
  worker_.counters().bytes_sent.add(*taken);
  std::size_t left = *taken;
  std::size_t whole = 0;
  while (whole < count && left >= views[whole].size()) left -= views[whole++].size();
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(whole));
  give_credit(*taken);
  if (queue_.empty()) return;
  if (left > 0) queue_.front().offset += left;
  for (auto& piece : queue_) {
    if (auto* text = std::get_if<std::string>(&piece.owner)) {
      piece.owner = worker_.hold_output(std::move(*text));
    }
  }
  writing_ = true;
  set_deadline(worker_.config().server.write_timeout_ms);
  transport_->write(std::exchange(queue_, {}));
  if (state_ == State::closing) return;
  last_unsent_ = transport_->unsent();
  place_ = worker_.begin_waiting(*this);
  worker_.make_output_room(0);
}

void Connection::stop_waiting() {
  if (place_ != 0) worker_.end_waiting(place_);
  place_ = 0;
}

void Connection::cut_off() {
  cut_bytes_ = transport_->sole_bytes();
  for (const auto& piece : queue_) cut_bytes_ += piece.sole_bytes();
  stop_waiting();
  abort_answer();
}

void Connection::on_written(std::size_t bytes) {
  writing_ = false;
  stop_waiting();
  worker_.counters().bytes_sent.add(bytes);
  if (state_ == State::streaming) set_deadline(worker_.config().server.request_timeout_ms);
  give_credit(bytes);
  flush_queue();
  settle();
}

/// Looks whether the answer is out, or goes on with a stored object's next chunk rows.
void Connection::settle() {
  if (writing_ || !queue_.empty()) return;
  if (state_ == State::sending && pending_ && pending_->next_chunk < pending_->chunk_count)
    return send_chunk_rows();
  if (state_ == State::sending || (state_ == State::streaming && body_complete_)) {
    finish(pending_ ? std::string_view(pending_->target) : std::string_view{});
  }
}

Connection::Pending& Connection::pending() {
  if (!pending_) pending_ = std::make_unique<Pending>();
  return *pending_;
}

void Connection::give_credit(std::size_t bytes) {
  if (!pending_ || pending_->waiter == 0) return;
  pending_->unacknowledged += bytes;
  if (pending_->unacknowledged < kCreditLot) return;
  worker_.post_to_origin(CreditOrder{{&worker_, pending_->waiter}, pending_->unacknowledged});
  pending_->unacknowledged = 0;
}

/// The order is none of ours any more.
void Connection::leave() {
  if (!pending_ || pending_->waiter == 0) return;
  worker_.post_to_origin(LeaveOrder{{&worker_, pending_->waiter}});
  worker_.remove_waiter(pending_->waiter);
  pending_->waiter = 0;
}

/// The answer is over, well or not: counted, logged, and on to the next request or the end.
void Connection::finish(std::string_view target) {
  if (counted_) {
    counted_ = false;
    worker_.counters().requests[static_cast<std::size_t>(current_.outcome)].add();
    if (worker_.logs()) log_answer(target);
  }
  if (state_ == State::closing) return;
  pending_.reset();
  body_complete_ = false;
  if (!current_.keep_alive) return linger();
  if (state_ != State::reading) transition_to(State::reading);
  set_deadline(worker_.config().server.idle_timeout_ms);
  if (!parsing_ && (!input_.empty() || reading_stopped_)) parse_own_input();
}

void Connection::log_answer(std::string_view target) {
  AccessRecord record;
  record.time = wall_now();
  record.duration_us = static_cast<std::uint32_t>((uv_hrtime() - current_.since_ns) / 1000);
  record.status = static_cast<std::uint16_t>(current_.status);
  record.outcome = current_.outcome;
  record.method = current_.method;
  record.body_bytes = current_.body_bytes;
  record.scope = current_.scope;
  record.key = current_.key;
  record.set_target(target);
  record.set_client(client_);
  worker_.log_request(record);
}

/// The answer cannot be finished: cut it off so that nobody takes it for whole.
void Connection::abort_answer() {
  if (state_ == State::closing) return;
  leave();
  stop_waiting();
  current_.outcome = Outcome::aborted;
  const std::string target = pending_ ? pending_->target : std::string{};
  transition_to(State::closing);
  transport_->reset();
  finish(target);
}

/// FIN, then read on for a while: closing at once could send RST and lose the answer (RFC
/// 9112 9.6).
void Connection::linger() {
  transition_to(State::lingering);
  input_.clear();
  transport_->shut_down_sending();
  if (reading_stopped_) transport_->start_reading();
  set_deadline(kLingerMs);
}

}  // namespace larder
