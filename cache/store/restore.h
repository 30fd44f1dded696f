// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "cache/store/ledger.h"
#include "cache/store/lmdb.h"

namespace larder {

/// What a database that was opened says of itself.
struct Restored {
  double floor = 0;            ///< EvictionPolicy::floor() of its last commit
  std::uint64_t with_use = 0;  ///< objects of which the eviction policy knew some use
};

inline constexpr std::uint64_t kRowsInStep = 1'000;

/// Gives the ledger, and with it the eviction policy, what the index knows. Both know nothing yet.
/// A large index on a slow disk takes minutes: `on_step` is called for every kRowsInStep rows.
/// Error::corrupt: a row is damaged.
Result<Restored> restore_ledger(const Environment& environment, Ledger& ledger,
                                const std::function<void()>& on_step);

}  // namespace larder
