// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "cache/eviction/eviction.h"

/// Policies to compare with, behind the daemon's interface, but for one thread only. As libCacheSim
/// has them: their misses are equal to its, to the last request.
namespace larder::bench {

std::unique_ptr<EvictionPolicy> make_lru();

/// First in, first out, but what was used since it was last looked at stays.
std::unique_ptr<EvictionPolicy> make_sieve();

/// Greedy-Dual-Size-Frequency without memory of what left and without admission.
std::unique_ptr<EvictionPolicy> make_plain_gdsf();

}  // namespace larder::bench
