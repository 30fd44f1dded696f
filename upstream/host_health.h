// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "conf/base/clock.h"
#include "conf/config.h"
#include "upstream/origin_error.h"

namespace larder {

/// How a transfer that ran has ended.
struct TransferEnd {
  std::optional<OriginError> error = std::nullopt;  ///< or else the answer is whole
  int status = 0;
  bool html = false;  ///< by its Content-Type
  std::optional<std::int64_t> retry_after_s = std::nullopt;
  Milliseconds head_after_ms = 0;  ///< from its start to its head
  bool probe = false;
};

/// Whether a host is asked, by how its transfers end. Legal moves:
///
///     closed -> open: `upstream.failures_to_open` failures in a row, or silence
///     open -> probing: one transfer is let through, at most one a second
///     probing -> open: it failed, or has not ended within kProbeTurnMs
///     probing, open -> closed: an answer is whole that is no failure
///
/// Silence: transfers wait, and no byte of an answer has come since. Each counts as one failure for
/// every `upstream.silence_to_open` that it waits. A host whose answers have taken longer than half
/// of that lately is given twice the time that they took.
///
/// Beside the state a host is held, in any state, for as long as a 429, or a 503 with Retry-After,
/// asks (`upstream.max_hold` at most): nobody starts. After that kResumePerS transfers start in the
/// first second and twice as many in each next one, for kResumeMs: all at once would be refused
/// again. Pure.
class HostHealth {
 public:
  enum class State : std::uint8_t { closed, open, probing };
  static const char* name_of(State state);

  struct LastError {
    std::string text;  ///< without credentials, at most kMaxErrorBytes
    MonotonicTime at;
  };
  /// What has changed with a call.
  struct News {
    std::optional<OriginError> failure;  ///< of the host
    bool opened = false;
    bool closed =
        false;  ///< it answers again: what waits since before that answer's request is lost
    bool held = false;
    bool probe_turn_over = false;               ///< it has not ended: it is a probe no more
    std::optional<Milliseconds> well_after_ms;  ///< the first success since it failed
    std::uint64_t failed_before = 0;            ///< with that: failures in a row
  };
  struct Admission {
    bool probe = false;                                 ///< this transfer finds out for all
    std::optional<OriginError> refused = std::nullopt;  ///< nothing may start
  };

  static constexpr std::size_t kMaxErrorBytes = 300;
  static constexpr Milliseconds kProbeTurnMs = 1'000;
  static constexpr Milliseconds kMaxPauseMs = 2'000;    ///< between the starts of two probes
  static constexpr Milliseconds kForgottenMs = 10'000;  ///< what was so long ago may be over
  static constexpr Milliseconds kSlowRefreshPauseMs = 1'000;
  static constexpr std::int64_t kResumePerS = 8;
  static constexpr Milliseconds kResumeMs = 7'000;

  /// `config` outlives the object and may change between calls.
  HostHealth(const UpstreamConfig& config, MonotonicTime now) : config_(config), since_(now) {}

  /// May a transfer start? A probe that is admitted is on its way with this call.
  Admission admit(bool refresh, MonotonicTime now);
  /// What a client is told at once, for waiting would be in vain or too slow. Who has a stale
  /// object gets that instead. The fetch goes on without the client, if it is admitted.
  std::optional<OriginError> trouble(bool has_stale, MonotonicTime now) const;

  /// A byte of an answer has come.
  void note_byte(MonotonicTime now) { last_byte_ = now; }
  /// The head of an answer has come to a transfer that began at `began`. A quick one shows that the
  /// host is not slow, whatever older transfers still wait for.
  void note_head(MonotonicTime began, MonotonicTime now);
  /// From time to time: when the transfers began that run without a head.
  News note_waiting(std::span<const MonotonicTime> since, MonotonicTime now);
  News note_end(const TransferEnd& end, MonotonicTime now);
  /// The probe ended without a word about the host: another one may go.
  void note_probe_gone();

  State state() const { return state_; }
  /// Something has waited for its head for longer than `upstream.stale_after`, and nothing that
  /// began later was answered within that time.
  bool is_slow(MonotonicTime now) const;
  bool is_held(MonotonicTime now) const { return now < held_until_; }
  MonotonicTime held_until() const { return held_until_; }
  /// Of a host that is open: no transfer starts before.
  MonotonicTime next_probe() const { return next_probe_; }
  std::uint64_t opened() const { return opened_; }
  std::uint64_t successes() const { return successes_; }
  std::uint64_t failures() const { return failures_; }
  std::uint64_t failures_by(OriginCause cause) const {
    return by_cause_[static_cast<std::size_t>(cause)];
  }
  std::uint64_t consecutive_failures() const { return consecutive_failures_; }
  const std::optional<LastError>& last_error() const { return last_error_; }
  /// When the present run of successes or of failures began; at first the object's beginning.
  MonotonicTime since() const { return since_; }
  /// The error of a transfer that may not start.
  OriginError refusal(MonotonicTime now) const;

 private:
  void move_to(State next);
  void open(MonotonicTime now, News& news);
  void close(News& news);
  void note_success(const TransferEnd& end, MonotonicTime now, News& news);
  void note_failure(OriginError error, MonotonicTime now, News& news);
  bool hold(const TransferEnd& end, MonotonicTime now);
  bool resumes_too_fast(MonotonicTime now) const;
  Milliseconds pause_ms(MonotonicTime now) const;
  Milliseconds patience_ms() const;

  const UpstreamConfig& config_;
  State state_ = State::closed;
  MonotonicTime next_probe_;
  MonotonicTime probe_began_;
  unsigned failed_probes_ = 0;  ///< in a row
  MonotonicTime held_until_;
  std::int64_t resumed_ = 0;  ///< transfers that were let through since the last hold
  MonotonicTime last_byte_;
  MonotonicTime last_refresh_;
  std::optional<MonotonicTime> oldest_waiting_;  ///< of those that began after `quick_began_`
  std::optional<MonotonicTime> quick_began_;     ///< the latest that had its head soon
  Milliseconds slowest_ms_ = 0;                  ///< to the head, of answers lately
  std::uint64_t opened_ = 0;
  std::uint64_t successes_ = 0;
  std::uint64_t failures_ = 0;
  std::array<std::uint64_t, kOriginCauses> by_cause_{};
  std::uint64_t consecutive_failures_ = 0;
  std::optional<LastError> last_error_;
  MonotonicTime since_;
};

}  // namespace larder
