// SPDX-License-Identifier: Apache-2.0
#include "cache/eviction/eviction.h"

#include "cache/eviction/gdsf.h"

namespace larder {

std::unique_ptr<EvictionPolicy> make_eviction(CacheConfig::Eviction which) {
  if (which == CacheConfig::Eviction::fifo) return make_fifo();
  return std::make_unique<Gdsf>();
}

}  // namespace larder
