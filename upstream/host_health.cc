// SPDX-License-Identifier: Apache-2.0
#include "upstream/host_health.h"

#include <algorithm>

#include "conf/base/check.h"
#include "conf/base/redact.h"

namespace larder {
namespace {

constexpr Milliseconds kLeastPauseMs = 1'000;

/// legal[from][to]
constexpr std::array<std::array<bool, 3>, 3> kLegalMoves{{
    //           closed open   probing
    /* closed  */ {false, true, false},
    /* open    */ {true, false, true},
    /* probing */ {true, true, false},
}};

/// 0..255, so that many larders do not probe in step.
Milliseconds jitter(MonotonicTime now) {
  return static_cast<Milliseconds>(static_cast<std::uint64_t>(now.ms) * 0x9e3779b97f4a7c15u >> 56);
}

Seconds seconds_until(MonotonicTime then, MonotonicTime now) {
  return std::max<Seconds>(1, (then.ms - now.ms + 999) / 1'000);
}

}  // namespace

const char* HostHealth::name_of(State state) {
  switch (state) {
    case State::closed:
      return "closed";
    case State::open:
      return "open";
    case State::probing:
      return "probing";
  }
  return "?";
}

void HostHealth::move_to(State next) {
  LARDER_CHECK(kLegalMoves[static_cast<std::size_t>(state_)][static_cast<std::size_t>(next)]);
  state_ = next;
}

HostHealth::Admission HostHealth::admit(bool refresh, MonotonicTime now) {
  if (is_held(now)) return {.refused = refusal(now)};
  if (state_ == State::closed) {
    if (resumes_too_fast(now)) {
      return {.refused = OriginError{OriginCause::rate_limited,
                                     "the origin has asked to be left alone until just now", 1}};
    }
    if (refresh && is_slow(now)) {
      if (now.ms - last_refresh_.ms < kSlowRefreshPauseMs) return {.refused = refusal(now)};
      last_refresh_ = now;
    }
    ++resumed_;
    return {};
  }
  if (state_ == State::probing || now < next_probe_) return {.refused = refusal(now)};
  move_to(State::probing);
  probe_began_ = now;
  next_probe_.ms = now.ms + pause_ms(now);
  return {.probe = true, .refused = std::nullopt};
}

/// What happened long ago says little: then the one who asks may wait for the answer.
std::optional<OriginError> HostHealth::trouble(bool has_stale, MonotonicTime now) const {
  if (is_held(now)) return refusal(now);
  if (state_ == State::closed) {
    if (!has_stale || !is_slow(now)) return std::nullopt;
    return OriginError{OriginCause::timed_out, "the origin is slow", 1};
  }
  const auto last_try = std::max(probe_began_.ms, last_error_ ? last_error_->at.ms : 0);
  const bool forgotten = state_ == State::open && now.ms - last_try >= kForgottenMs;
  if (forgotten && !has_stale) return std::nullopt;
  return refusal(now);
}

OriginError HostHealth::refusal(MonotonicTime now) const {
  if (is_held(now)) {
    return {OriginCause::rate_limited, "the origin has asked to be left alone",
            seconds_until(held_until_, now)};
  }
  return {OriginCause::host_open, "the origin fails", seconds_until(next_probe_, now)};
}

bool HostHealth::is_slow(MonotonicTime now) const {
  return oldest_waiting_ && now.ms - oldest_waiting_->ms >= config_.stale_after_ms;
}

Milliseconds HostHealth::patience_ms() const {
  return std::max({Milliseconds{1}, config_.silence_to_open_ms, 2 * slowest_ms_});
}

/// From one second to two as probes fail, less up to half of it by chance, never less than one.
Milliseconds HostHealth::pause_ms(MonotonicTime now) const {
  const auto whole = std::min(kMaxPauseMs, kLeastPauseMs << std::min(failed_probes_, 4u));
  return std::max(kLeastPauseMs, whole - whole / 2 * jitter(now) / 255);
}

void HostHealth::note_head(MonotonicTime began, MonotonicTime now) {
  if (now.ms - began.ms >= config_.stale_after_ms) return;
  if (!quick_began_ || *quick_began_ < began) quick_began_ = began;
  if (oldest_waiting_ && *oldest_waiting_ <= began) oldest_waiting_.reset();
}

HostHealth::News HostHealth::note_waiting(std::span<const MonotonicTime> since, MonotonicTime now) {
  News news;
  oldest_waiting_.reset();
  for (const auto began : since) {
    if (quick_began_ && began <= *quick_began_) continue;
    if (!oldest_waiting_ || began < *oldest_waiting_) oldest_waiting_ = began;
  }
  if (state_ == State::probing && now.ms - probe_began_.ms >= kProbeTurnMs) {
    ++failed_probes_;
    move_to(State::open);
    news.probe_turn_over = true;
  }
  if (state_ != State::closed) return news;
  std::uint64_t silent = 0;
  Milliseconds longest_ms = 0;
  for (const auto began : since) {
    const auto silent_ms = now.ms - std::max(began.ms, last_byte_.ms);
    if (silent_ms <= 0) continue;
    silent += static_cast<std::uint64_t>(silent_ms / patience_ms());
    longest_ms = std::max(longest_ms, silent_ms);
  }
  if (silent == 0 || consecutive_failures_ + silent < config_.failures_to_open) return news;
  note_failure(
      {OriginCause::timed_out, "has sent nothing for " + std::to_string(longest_ms / 1'000) +
                                   " s while " + std::to_string(since.size()) + " requests wait"},
      now, news);
  if (state_ == State::closed) open(now, news);
  return news;
}

HostHealth::News HostHealth::note_end(const TransferEnd& end, MonotonicTime now) {
  News news;
  if (end.error && !is_failure_of_host(end.error->cause)) {
    if (end.probe) note_probe_gone();
    return news;
  }
  if (end.error) {
    note_failure(*end.error, now, news);
  } else if (end.status >= 500) {
    note_failure({OriginCause::server_error, "answered with status " + std::to_string(end.status)},
                 now, news);
  } else if (end.html && end.status / 100 == 2) {
    note_failure({OriginCause::not_the_api, "answered in HTML, which is not the API's"}, now, news);
  } else if (end.status == 429) {
    close(news);
  } else if (end.html) {
    if (end.probe) note_probe_gone();  // an edge's refusal of this one request
  } else {
    note_success(end, now, news);
  }
  if (state_ == State::probing && end.probe) {
    ++failed_probes_;
    move_to(State::open);
  }
  news.held = hold(end, now);
  return news;
}

void HostHealth::note_probe_gone() {
  if (state_ == State::probing) move_to(State::open);
}

void HostHealth::open(MonotonicTime now, News& news) {
  move_to(State::open);
  ++opened_;
  failed_probes_ = 0;
  next_probe_.ms = now.ms + pause_ms(now);
  news.opened = true;
}

void HostHealth::note_success(const TransferEnd& end, MonotonicTime now, News& news) {
  ++successes_;
  slowest_ms_ = std::max(end.head_after_ms, slowest_ms_ * 7 / 8);
  if (consecutive_failures_ > 0) {
    news.well_after_ms = now.ms - since_.ms;
    news.failed_before = consecutive_failures_;
    since_ = now;
  }
  consecutive_failures_ = 0;
  close(news);
}

void HostHealth::close(News& news) {
  if (state_ == State::closed) return;
  move_to(State::closed);
  oldest_waiting_.reset();
  news.closed = true;
}

void HostHealth::note_failure(OriginError error, MonotonicTime now, News& news) {
  ++failures_;
  ++by_cause_[static_cast<std::size_t>(error.cause)];
  if (consecutive_failures_++ == 0) since_ = now;
  auto text = redact(error.context);
  if (text.size() > kMaxErrorBytes) text.resize(kMaxErrorBytes);
  last_error_ = LastError{std::move(text), now};
  news.failure = std::move(error);
  if (state_ == State::closed && consecutive_failures_ >= config_.failures_to_open) open(now, news);
}

bool HostHealth::resumes_too_fast(MonotonicTime now) const {
  const auto since_ms = now.ms - held_until_.ms;
  if (held_until_.ms == 0 || since_ms >= kResumeMs) return false;
  const auto per_s = kResumePerS << (since_ms / 1'000);
  const auto due = per_s - kResumePerS + per_s * (since_ms % 1'000) / 1'000;
  return resumed_ > due;
}

/// Does the answer ask to be left alone?
bool HostHealth::hold(const TransferEnd& end, MonotonicTime now) {
  const bool asks = !end.error && (end.status == 429 || (end.status == 503 && end.retry_after_s));
  if (!asks) return false;
  const auto asked_s = std::clamp<Seconds>(end.retry_after_s.value_or(1), 0, config_.max_hold_s);
  const auto until = now.ms + std::max<Seconds>(1, asked_s) * 1'000;
  if (config_.max_hold_s == 0) return false;
  held_until_.ms = std::max(held_until_.ms, until);
  resumed_ = 0;
  next_probe_.ms = std::max(next_probe_.ms, held_until_.ms);
  return true;
}

}  // namespace larder
