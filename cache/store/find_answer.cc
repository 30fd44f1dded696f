// SPDX-License-Identifier: Apache-2.0
#include "cache/store/find_answer.h"

namespace larder {

CacheKey negative_key_of(const CacheKey& key) {
  constexpr std::size_t kVariantPart = 32;
  CacheKey beside = key;
  beside.bytes[kVariantPart] ^= 1;
  return beside;
}

std::optional<AnswerView> find_answer(StoreReader& reader, const CacheKey& key,
                                      std::string_view canonical, const ScopeMac& scope,
                                      WallTime now) {
  auto object = reader.lookup(key, canonical, scope, now);
  if (!object) return std::nullopt;
  Freshness freshness = judge(object->meta.lifetime, now);
  if (freshness == Freshness::fresh || object->meta.status != 200) {
    return AnswerView{*object, key, freshness};
  }
  const WallTime since = object->meta.lifetime.stored;
  const CacheKey beside = negative_key_of(key);
  const auto negative = reader.lookup(beside, canonical, scope, now);
  const bool doubted = negative && negative->meta.lifetime.stored >= since;
  if (doubted && judge(negative->meta.lifetime, now) == Freshness::fresh) {
    return AnswerView{*negative, beside, Freshness::fresh};
  }
  // The second lookup may have renewed the snapshot, and then the first one's view is gone.
  object = reader.lookup(key, canonical, scope, now);
  if (!object) return std::nullopt;
  freshness = judge(object->meta.lifetime, now);
  if (doubted && freshness == Freshness::stale_revalidate) freshness = Freshness::stale_if_error;
  return AnswerView{*object, key, freshness};
}

bool has_undoubted_good(StoreReader& reader, const CacheKey& key, std::string_view canonical,
                        const ScopeMac& scope, WallTime now) {
  const auto good = reader.lookup(key, canonical, scope, now);
  if (!good || good->meta.status != 200) return false;
  // An event may have said that it is gone.
  if (good->purged || judge(good->meta.lifetime, now) == Freshness::expired) return false;
  const WallTime since = good->meta.lifetime.stored;
  const auto negative = reader.lookup(negative_key_of(key), canonical, scope, now);
  return !negative || negative->meta.lifetime.stored < since;
}

}  // namespace larder
