// SPDX-License-Identifier: Apache-2.0
#include "cache/eviction/use_records.h"

#include <bit>
#include <new>

namespace larder {

UseRecords::~UseRecords() {
  static_assert(std::is_trivially_destructible_v<UseRecord>);
  for (const auto& segment : segments_) ::operator delete(segment.load());
}

UseRecords::Place UseRecords::place_of(std::uint32_t slot) noexcept {
  const std::uint64_t number = slot + kFirstLength;
  const auto segment = static_cast<unsigned>(std::bit_width(number) - std::bit_width(kFirstLength));
  return {segment, number - (kFirstLength << segment)};
}

// Records are constructed one by one, so that the part of a segment that is not needed yet takes no
// memory.
UseRecord& UseRecords::make(std::uint32_t slot) {
  std::uint64_t known = known_.load(std::memory_order_relaxed);
  for (; known <= slot; ++known) {
    const Place place = place_of(static_cast<std::uint32_t>(known));
    auto& segment = segments_[place.segment];
    if (place.index == 0) {
      const std::size_t bytes = (kFirstLength << place.segment) * sizeof(UseRecord);
      segment.store(static_cast<UseRecord*>(::operator new(bytes)), std::memory_order_relaxed);
    }
    new (segment.load(std::memory_order_relaxed) + place.index) UseRecord;
  }
  known_.store(known, std::memory_order_release);
  return at(slot);
}

}  // namespace larder
