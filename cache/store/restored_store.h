// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "cache/store/lmdb.h"
#include "cache/store/store.h"
#include "conf/base/clock.h"
#include "conf/base/result.h"

/// A store that was made of a snapshot has a mark, until a larderd that works by it has heard all
/// that has changed since. Then it is a store like any other.
namespace larder {

/// `taken`: when the snapshot was.
void mark_as_restored(WriteTxn& txn, WallTime taken);
/// When the snapshot was taken; nullopt = there is no mark.
std::optional<WallTime> restored_from(const Environment& environment);
/// What takes the mark away, together with a purge.
FeedPosition no_mark();

/// The places of all scopes in the store but `known`.
Result<std::vector<std::uint64_t>> places_without(const Environment& environment,
                                                  const std::vector<std::uint64_t>& known);
/// Of all that is stored in these places and nowhere else: nobody knows what has changed.
PurgeOrder purge_of_untold(std::vector<std::uint64_t> places);

}  // namespace larder
