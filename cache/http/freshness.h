// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "cache/http/response.h"
#include "conf/base/clock.h"
#include "conf/config.h"

/// How long an answer may be used (RFC 9111 section 4, RFC 5861). Pure.
namespace larder {

/// Instants on larder's anchored wall clock, which never goes back while the daemon runs.
struct Lifetime {
  WallTime stored;  ///< when the answer was complete
  WallTime fresh_until;
  WallTime revalidate_until;       ///< end of stale-while-revalidate, >= fresh_until
  WallTime error_until;            ///< end of stale-if-error, >= fresh_until
  std::int64_t initial_age_s = 0;  ///< of the origin's answer at `stored`, by Age, delay and Date
};

enum class Freshness : std::uint8_t {
  fresh,
  stale_revalidate,  ///< usable at once while one refresh runs
  stale_if_error,    ///< usable only when the origin fails
  expired,           ///< not usable
};

/// Freshness at `now`. An object stored after `now` by more than 5 s (the clock went back over a
/// restart) is at most stale_revalidate.
Freshness judge(const Lifetime& lifetime, WallTime now);

/// The lifetime of an answer that was purged: fresh no more. It may be served while a refresh runs
/// until `soft_until`, and for as long as it was usable before when the origin fails.
Lifetime purged_lifetime(const Lifetime& lifetime, WallTime soft_until, WallTime now);

/// Value of the Age field at `now`, whole seconds, never negative.
std::int64_t age_s(const Lifetime& lifetime, WallTime now);

/// When an answer was asked for, and when its end (or what is known of it) had arrived.
struct Received {
  WallTime requested;
  WallTime at;
  std::int64_t ahead_ms = 0;  ///< of the system's clock

  /// `at` by the system's clock, which the origin's dates are compared with.
  WallTime system() const { return {at.ms - ahead_ms}; }
};

/// Age of an answer at `received.at`: the greater of the time since its Date, and its Age with all
/// the time since it was asked for (RFC 9111 section 4.2.3). Whole seconds, never negative.
std::int64_t received_age_s(const ResponseFacts& response, const Received& received);

/// The answer was made by the origin later than this. By its Age, which is in whole seconds: the
/// word of the cache on the way that had it. Nothing: without an Age the origin has made it when
/// asked.
std::optional<WallTime> made_after(const ResponseFacts& response, const Received& received);

/// The lifetime of a storable answer. Directives of the origin win: s-maxage, max-age, Expires (all
/// minus the age at which the answer came), stale-while-revalidate, stale-if-error, must-revalidate
/// / proxy-revalidate / no-cache (no stale use; no-cache: fresh for 0 s). Where the origin says how
/// long, the policy adds no stale-while-revalidate, but its stale-if-error. Where it says nothing
/// the policy counts from `received.at`, whatever Age the vendor's CDN shows, shortened by up to
/// 10 % by `jitter` (0..255) so that a herd does not expire together. `policy` is the negative one
/// for 404 and 422.
Lifetime lifetime_of(const ResponseFacts& response, const TtlPolicy& policy,
                     const Received& received, std::uint8_t jitter);

}  // namespace larder
