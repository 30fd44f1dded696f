// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cache/scope/key.h"
#include "cache/store/store.h"
#include "daemon/client/body_source.h"
#include "daemon/client/out_queue.h"

namespace larder {

/// The body of a stored object in chunk rows, each sent straight from the map under the snapshot of
/// its own turn. Made in the turn in which the object was looked up. Whatever becomes of the object
/// meanwhile, its rows are leased. Broken when they are gone all the same (StoreReader::lease()),
/// or are not what the head announces, which is reported to the store.
class StoredBody final : public BodySource {
 public:
  StoredBody(OutQueue& out, StoreReader& reader, const CacheKey& key, const ObjectView& object)
      : out_(out),
        reader_(reader),
        key_(key),
        sequence_(object.sequence),
        chunk_count_(object.chunk_count),
        lease_(reader.lease(object)),
        rest_(object.meta.body_length) {}

  Step send() override;

 private:
  OutQueue& out_;
  StoreReader& reader_;
  const CacheKey key_;
  const std::uint64_t sequence_;
  const std::uint32_t chunk_count_;
  const ReaderLease lease_;  ///< its rows stay when it is replaced meanwhile
  std::uint32_t next_chunk_ = 0;
  std::uint64_t rest_;  ///< of the body, in the rows to come
};

}  // namespace larder
