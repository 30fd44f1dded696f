// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cache/body/pipeline.h"
#include "cache/store/object.h"
#include "cache/tags/raw_entries.h"
#include "daemon/orders/orders.h"

namespace larder {

/// What the store is told of the answer to `order`, but for its key, place and number. `blocks`
/// outlive it. `tags` = those of the body; the request's are added, and all are taken. Pure.
ObjectHead filled_object(const FillOrder& order, int status, const Lifetime& lifetime,
                         const SoundBody& body, const HeadBlocks& blocks, const RawEntries& raw,
                         TagSet& tags);

}  // namespace larder
