// SPDX-License-Identifier: Apache-2.0
#include "upstream/transfer.h"

#include <algorithm>
#include <array>

#include "conf/base/check.h"

namespace larder {
namespace {

/// Read ahead of the sink at most, and one buffer more.
constexpr std::size_t kMaxUntoldBytes = 128 * 1024;

using State = Transfer::State;

/// legal[from][to]
constexpr std::array<std::array<bool, 4>, 4> kLegalMoves{{
    //              queued connecting exchanging ended
    /* queued     */ {false, true, true, true},
    /* connecting */ {false, false, true, true},
    /* exchanging */ {false, true, false, true},
    /* ended      */ {false, false, false, false},
}};

/// The whole request: GET, for larder asks for nothing else.
Secret text_of(const OriginRequest& request) {
  const std::string_view base = request.host;
  const std::string_view authority = base.substr(base.find("://") + 3);
  const std::string_view target = std::string_view(request.url).substr(base.size());
  std::size_t length = target.size() + authority.size() + 40;
  for (const auto& line : request.headers) length += line.size() + 2;
  std::string text;
  text.reserve(length);
  text.append("GET ").append(target.empty() ? "/" : target).append(" HTTP/1.1\r\nHost: ");
  text.append(authority).append("\r\n");
  for (const auto& line : request.headers) text.append(line).append("\r\n");
  text.append("\r\n");
  return Secret(std::move(text));
}

}  // namespace

Transfer::Transfer(OriginRequest request, TransferSink* to,
                   std::shared_ptr<const UpstreamConfig> config, TransferSite& site,
                   const Place& at)
    : sink(to),
      place(at),
      request_(std::move(request)),
      config_(std::move(config)),
      site_(site),
      reader_(*config_, request_.coding) {
  LARDER_CHECK(request_.url.starts_with(request_.host));
}

Transfer::~Transfer() {
  release(false);
}

void Transfer::transition_to(State next) {
  LARDER_CHECK(kLegalMoves[static_cast<std::size_t>(state_)][static_cast<std::size_t>(next)]);
  state_ = next;
}

void Transfer::start(std::unique_ptr<OriginConnection> kept, MonotonicTime now) {
  started_ = slow_since_ = now;
  text_ = text_of(request_);
  if (kept == nullptr) return connect_anew();
  kept_ = true;
  handed_ = place.connected = now;
  transition_to(State::exchanging);
  use(std::move(kept));
  send();
}

void Transfer::use(std::unique_ptr<OriginConnection> connection) {
  connection_ = std::move(connection);
  connection_->set_user(*this, false);
}

void Transfer::connect_anew() {
  transition_to(State::connecting);
  kept_ = answered_ = false;
  sent_ = 0;
  reader_.reset();
  use(site_.new_connection(request_.host, config_));
  connection_->connect();
}

void Transfer::on_connected(OriginConnection&) {
  if (place.connected.ms == 0) place.connected = monotonic_now();
  transition_to(State::exchanging);
  // An answer that was there before the request is no answer to it.
  std::array<char, 1> early;
  if (connection_->receive(early).what == OriginConnection::Received::What::bytes) {
    site_.distrust(request_.host);
    end(OriginError{OriginCause::protocol, "bytes came before the request was sent"});
  } else {
    send();
  }
  site_.tell();
}

void Transfer::on_connect_failed(OriginConnection&, const OriginError& error) {
  end(error);
  site_.tell();
}

void Transfer::on_ready(OriginConnection&, bool readable, bool writable) {
  if (writable && sent_ < text_.reveal().size()) send();
  if (readable && state_ == State::exchanging) read();
  site_.tell();
}

void Transfer::send() {
  const auto rest = text_.reveal().substr(sent_);
  const auto count = connection_->send(rest);
  if (!count) return take_end(false);
  sent_ += *count;
  connection_->want(!stalled_, *count < rest.size());
}

void Transfer::read() {
  const auto buffer = site_.read_buffer();
  while (state_ == State::exchanging) {
    stalled_ = paused_ || body_.size() >= kMaxUntoldBytes;
    if (stalled_) return connection_->want(false, sent_ < text_.reveal().size());
    const auto got = connection_->receive(buffer);
    switch (got.what) {
      case OriginConnection::Received::What::none:
        return;
      case OriginConnection::Received::What::end:
      case OriginConnection::Received::What::broken:
        return take_end(got.what == OriginConnection::Received::What::end);
      case OriginConnection::Received::What::bytes:
        break;
    }
    take({buffer.data(), got.count});
    if (!connection_ || !connection_->may_hold_more(got.count, buffer.size())) return;
  }
}

void Transfer::take(std::string_view bytes) {
  if (!answered_ && connection_->has_unacknowledged()) return take_too_early();
  answered_ = true;
  slow_bytes_ += bytes.size();
  const auto outcome = reader_.feed(bytes, body_);
  if (outcome == ResponseReader::Outcome::refused) {
    const auto cause = reader_.error().cause;
    if (cause == OriginCause::protocol || cause == OriginCause::broken) {
      site_.distrust(request_.host);
    }
    return end(reader_.error());
  }
  const bool news = !body_.empty() || (reader_.head_complete() && !head_told_);
  if (news) site_.note(*this);
  if (outcome == ResponseReader::Outcome::complete) complete(bytes.size() - reader_.consumed());
}

/// Bytes that set out before the request arrived are no answer to it. On a new connection it may
/// get one.
void Transfer::take_too_early() {
  site_.distrust(request_.host);
  if (!kept_) {
    return end(OriginError{OriginCause::protocol, "bytes came before the request arrived"});
  }
  send_again();
}

void Transfer::send_again() {
  again_ = true;
  release(false);
  connect_anew();
}

/// An origin that is slow has acknowledged the request; one that is not there any more has not.
void Transfer::check_connection(MonotonicTime now) {
  if (state_ != State::exchanging || !kept_ || answered_) return;
  if (now.ms - handed_.ms < config_->acknowledge_timeout_ms) return;
  if (!connection_->has_unacknowledged()) return;
  site_.lost(request_.host);
  send_again();
}

void Transfer::take_end(bool in_order) {
  if (!answered_ && !again_ && (kept_ || site_.is_well(request_.host))) return send_again();
  if (!in_order) {
    return end(OriginError{OriginCause::broken, reader_.head_complete()
                                                    ? "the connection broke within the answer"
                                                    : "the connection broke before an answer"});
  }
  if (reader_.end() == ResponseReader::Outcome::complete) return complete(0);
  end(reader_.error());
}

void Transfer::complete(std::size_t behind) {
  if (behind > 0) site_.distrust(request_.host);
  const bool sent = sent_ == text_.reveal().size();
  release(behind == 0 && sent && reader_.keeps_connection());
  transition_to(State::ended);
  site_.note(*this);
}

void Transfer::end(OriginError error) {
  if (state_ == State::ended) return;
  error.context = "origin " + request_.host + ": " + error.context;
  error_ = std::move(error);
  release(false);
  transition_to(State::ended);
  site_.note(*this);
}

void Transfer::release(bool clean) {
  if (connection_) site_.give_back(std::move(connection_), clean);
}

void Transfer::pause() {
  paused_ = true;
  held_up_ = true;
}

void Transfer::resume() {
  paused_ = false;
  if (!stalled_ || state_ != State::exchanging) return;
  stalled_ = false;
  connection_->want(true, sent_ < text_.reveal().size());
  read();
}

std::optional<OriginError> Transfer::overdue(MonotonicTime now) {
  if (state_ == State::queued || state_ == State::ended) return std::nullopt;
  const auto age = now.ms - started_.ms;
  if (!reader_.head_complete() && age > config_->first_byte_timeout_ms) {
    return OriginError{OriginCause::timed_out, "no answer within upstream.first_byte_timeout"};
  }
  if (age > config_->total_timeout_ms) {
    if (held_up_) {  // too_slow() has watched the origin's own speed
      return OriginError{OriginCause::overload,
                         "a client took longer than upstream.total_timeout to read the answer"};
    }
    return OriginError{OriginCause::timed_out,
                       "the answer took longer than upstream.total_timeout"};
  }
  if (too_slow(now)) {
    return OriginError{OriginCause::timed_out, "the answer is slower than upstream.low_speed"};
  }
  return std::nullopt;
}

/// By spans of `low_speed_time_s` since the head: one in which the sink did not let us read says
/// nothing.
bool Transfer::too_slow(MonotonicTime now) {
  const auto span_ms = config_->low_speed_time_s * 1000;
  if (!reader_.head_complete() || paused_ || stalled_) {
    slow_since_ = now;
    slow_bytes_ = 0;
  }
  if (now.ms - slow_since_.ms < span_ms) return false;
  const auto least = config_->low_speed_bytes_per_s * static_cast<Bytes>(config_->low_speed_time_s);
  const bool slow = slow_bytes_ < least;
  slow_since_ = now;
  slow_bytes_ = 0;
  return slow;
}

TransferProgress Transfer::take_progress() {
  TransferProgress progress;
  if (reader_.head_complete() && !head_told_) {
    progress.head = &reader_.facts();
    head_told_ = true;
  }
  progress.body.swap(body_);
  if (state_ == State::ended) {
    progress.ended = true;
    progress.framed = !error_ && reader_.framed();
    progress.error = error_;
  }
  return progress;
}

}  // namespace larder
