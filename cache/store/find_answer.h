// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "cache/http/freshness.h"
#include "cache/store/store.h"

/// A negative answer (404, 422) does not destroy the last good one, for it may be a mistake of a
/// moment: the first one lies beside the good object, under negative_key_of(). Only the next one,
/// from a fetch of its own, takes the good one's place. A purge takes both: they are neighbours,
/// with the same canonical request.
namespace larder {

/// Where the first negative answer lies. Differs from `key` in the hash of the variant alone.
CacheKey negative_key_of(const CacheKey& key);

/// A view of the turn's snapshot.
struct AnswerView {
  ObjectView object;
  CacheKey key;  ///< under which it lies
  Freshness freshness = Freshness::expired;
};

/// What the store has for a request. A fresh negative answer that came after a good one wins over
/// it; while there is such a one, fresh or not, the good one is for outages only
/// (stale_if_error). Parameters as for StoreReader::lookup().
std::optional<AnswerView> find_answer(StoreReader& reader, const CacheKey& key,
                                      std::string_view canonical, const ScopeMac& scope,
                                      WallTime now);

/// Would a negative answer in its place destroy a good one that no other has put in doubt?
bool has_undoubted_good(StoreReader& reader, const CacheKey& key, std::string_view canonical,
                        const ScopeMac& scope, WallTime now);

}  // namespace larder
