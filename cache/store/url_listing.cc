// SPDX-License-Identifier: Apache-2.0
#include "cache/store/url_listing.h"

#include <algorithm>
#include <utility>

#include "cache/request/canonical.h"
#include "cache/store/object.h"

namespace larder {

ListedObject listed_object(const ScopeLabel& scope, const CacheKey& key, const ObjectView& head) {
  ListedObject object;
  object.scope = scope;
  object.key = key;
  object.lifetime = head.meta.lifetime;
  CanonicalRequest request;
  if (read_canonical_bytes(head.canonical, request)) {
    object.path = std::move(request.path);
    object.query = std::move(request.query);
    object.variants = std::move(request.variants);
    object.early_access = std::move(request.early_access);
    object.forwarded = std::move(request.forwarded);
  }
  object.representation = head.meta.representation;
  object.kind = head.meta.kind;
  object.status = head.meta.status;
  object.epoch = head.epoch;
  object.stored = head.meta.lifetime.stored;
  object.body_bytes = head.meta.body_length;
  object.sequence = head.sequence;
  object.pieces = std::max<std::uint32_t>(head.chunk_count, 1);
  return object;
}

void settle_state(ListedObject& object, const std::optional<ObjectView>& found, WallTime now) {
  if (!found) {
    object.purged = true;
    return;
  }
  object.freshness = judge(found->meta.lifetime, now);
  object.fresh_until = found->meta.lifetime.fresh_until;
  object.lifetime = found->meta.lifetime;
  object.purged = found->purged;
}

}  // namespace larder
