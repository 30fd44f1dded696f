// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/unshared_keys.h"

namespace larder {
namespace {

/// What is no answer to keep may be another the next time: that is tried soon.
constexpr Seconds kBriefHold_s = 1;

}  // namespace

UnsharedKeys::UnsharedKeys(const UpstreamConfig& config)
    : marks_{HitForMiss(config.hit_for_miss_s), HitForMiss(config.rejected_hold_s),
             HitForMiss(kBriefHold_s)} {}

void UnsharedKeys::use(const UpstreamConfig& config) {
  marks_of(Unshareable::lasting).set_hold(config.hit_for_miss_s);
  marks_of(Unshareable::refusal).set_hold(config.rejected_hold_s);
}

void UnsharedKeys::mark(const CacheKey& key, Unshareable why, MonotonicTime now) {
  marks_of(why).mark(key, now);
}

void UnsharedKeys::unmark(const CacheKey& key) {
  for (HitForMiss& marks : marks_) marks.unmark(key);
}

HitForMiss::Advice UnsharedKeys::advise(const CacheKey& key, MonotonicTime now) {
  for (const auto why : {Unshareable::refusal, Unshareable::brief, Unshareable::lasting}) {
    const auto advice = marks_of(why).advise(key, now);
    if (advice != HitForMiss::Advice::share) return advice;
  }
  return HitForMiss::Advice::share;
}

std::optional<Unshareable> UnsharedKeys::mark_of(const CacheKey& key, MonotonicTime now) {
  for (const auto why : {Unshareable::refusal, Unshareable::brief, Unshareable::lasting}) {
    if (marks_of(why).marked(key, now)) return why;
  }
  return std::nullopt;
}

void UnsharedKeys::clear() {
  for (HitForMiss& marks : marks_) marks.clear();
}

}  // namespace larder
