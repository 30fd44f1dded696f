// SPDX-License-Identifier: Apache-2.0
#include "cache/http/freshness.h"

#include <algorithm>
#include <optional>

namespace larder {
namespace {

/// Beyond this an object from the future is no rounding of clocks.
constexpr std::int64_t kClockTolerance_ms = 5'000;

/// Its clock was ahead, before a restart.
bool is_from_the_future(const Lifetime& lifetime, WallTime now) {
  return lifetime.stored.ms > now.ms + kClockTolerance_ms;
}

/// Freshness lifetime by the origin's word (RFC 9111 section 4.2.1), or nothing.
std::optional<std::int64_t> directed_s(const ResponseFacts& response, WallTime now) {
  const CacheControl& control = response.cache_control;
  if (control.no_cache) return 0;
  if (control.s_maxage_s) return control.s_maxage_s;
  if (control.max_age_s) return control.max_age_s;
  if (!response.expires) return std::nullopt;
  const WallTime from = response.date.value_or(now);
  return std::max<std::int64_t>(0, (response.expires->ms - from.ms) / 1'000);
}

/// Up to a tenth less, so that what was stored together does not expire together.
std::int64_t jittered_ms(Seconds seconds, std::uint8_t jitter) {
  const std::int64_t ms = seconds * 1'000;
  return ms - ms / 10 * jitter / 255;
}

/// RFC 9111 section 4.2.4 and RFC 5861: where the origin forbids stale use, none; s-maxage forbids
/// it but for what the origin itself grants beside it. 0 seconds from the policy = none.
std::int64_t stale_ms(const CacheControl& control, std::optional<std::int64_t> granted_s,
                      Seconds policy_s) {
  if (control.must_revalidate || control.no_cache) return 0;
  if (granted_s) return *granted_s * 1'000;
  return control.s_maxage_s ? 0 : policy_s * 1'000;
}

}  // namespace

Freshness judge(const Lifetime& lifetime, WallTime now) {
  const bool from_the_future = is_from_the_future(lifetime, now);
  if (!from_the_future && now < lifetime.fresh_until) return Freshness::fresh;
  // What may not be used stale at all is not made so by a clock that went back.
  const WallTime at = from_the_future ? lifetime.fresh_until : now;
  if (at < lifetime.revalidate_until) return Freshness::stale_revalidate;
  return at < lifetime.error_until ? Freshness::stale_if_error : Freshness::expired;
}

Lifetime purged_lifetime(const Lifetime& lifetime, WallTime soft_until, WallTime now) {
  Lifetime purged = lifetime;
  const WallTime usable = std::max(lifetime.fresh_until, lifetime.revalidate_until);
  // A ttl of less than 0 is said of it.
  purged.fresh_until.ms = std::min({lifetime.fresh_until, lifetime.stored, now}).ms - 1'000;
  purged.revalidate_until = now < soft_until ? std::min(usable, soft_until) : WallTime{};
  purged.error_until = std::max(lifetime.fresh_until, lifetime.error_until);
  // judge() cannot tell when it ends: it is no more usable than it would be without the purge.
  if (is_from_the_future(lifetime, now)) {
    purged.revalidate_until = {};
    if (lifetime.error_until <= lifetime.fresh_until) purged.error_until = {};
  }
  return purged;
}

std::int64_t age_s(const Lifetime& lifetime, WallTime now) {
  return std::max<std::int64_t>(0, lifetime.initial_age_s) +
         std::max<std::int64_t>(0, now.ms - lifetime.stored.ms) / 1'000;
}

std::int64_t received_age_s(const ResponseFacts& response, const Received& received) {
  const std::int64_t delay = std::max<std::int64_t>(0, received.at.ms - received.requested.ms);
  const std::int64_t apparent = response.date ? received.system().ms - response.date->ms : 0;
  return std::max(apparent / 1'000, response.age_s + delay / 1'000);
}

std::optional<WallTime> made_after(const ResponseFacts& response, const Received& received) {
  if (!response.has_age) return std::nullopt;
  return WallTime{received.requested.ms - (std::max<std::int64_t>(0, response.age_s) + 1) * 1'000};
}

Lifetime lifetime_of(const ResponseFacts& response, const TtlPolicy& policy,
                     const Received& received, std::uint8_t jitter) {
  const CacheControl& control = response.cache_control;
  const std::int64_t now_ms = received.at.ms;
  Lifetime lifetime;
  lifetime.stored = received.at;
  lifetime.initial_age_s = received_age_s(response, received);
  const auto directed = directed_s(response, received.system());
  const std::int64_t fresh_ms =
      directed ? std::max<std::int64_t>(0, *directed - lifetime.initial_age_s) * 1'000
               : jittered_ms(policy.fresh_s, jitter);
  lifetime.fresh_until.ms = now_ms + fresh_ms;
  lifetime.revalidate_until.ms =
      lifetime.fresh_until.ms + stale_ms(control, control.stale_while_revalidate_s,
                                         directed ? 0 : policy.stale_while_revalidate_s);
  lifetime.error_until.ms = lifetime.fresh_until.ms +
                            stale_ms(control, control.stale_if_error_s, policy.stale_if_error_s);
  return lifetime;
}

}  // namespace larder
