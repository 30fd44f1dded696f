// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/filled_object.h"

#include "cache/tags/place.h"
#include "cache/tags/request_tags.h"

namespace larder {

ObjectHead filled_object(const FillOrder& order, int status, const Lifetime& lifetime,
                         const SoundBody& body, const HeadBlocks& blocks, const RawEntries& raw,
                         TagSet& tags) {
  ObjectHead object;
  object.canonical = order.canonical;
  object.meta = {.scope = order.scope->mac,
                 .status = status,
                 .kind = order.request.kind,
                 .representation = order.request.representation,
                 .lifetime = lifetime,
                 .etag = body.etag,
                 .body_length = body.bytes};
  object.entity_fields = blocks.entity;
  object.shared_fields = blocks.shared;
  const bool found = status < 400;
  const Inclusion inclusion = add_request_tags(order.request, found, tags);
  if (found) {
    const auto branch = branch_place(order.scope->api_key, order.scope->branch);
    const bool varies = !order.request.variants.empty() || !order.request.early_access.empty();
    add_inclusions(inclusion, varies, branch, raw, tags);
  }
  object.tags = tags.take();
  return object;
}

}  // namespace larder
