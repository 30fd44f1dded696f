// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "cache/scope/key.h"
#include "conf/base/clock.h"

namespace larder {

/// Rows that one reader has found and checked lately, so that a hot object costs neither a search
/// of the tree nor a checksum of its body. Found again without a search only in the same snapshot;
/// trusted unchecked only where the same object lies at the same place, for kTrustMs: the kernel
/// drops no page that was in use so lately, and what it reads from the disk anew is checked anew.
/// Remembers places, never hands out bytes by itself. One a reader.
class CheckedRows {
 public:
  static constexpr std::size_t kPlaces = 8'192;  ///< a power of two
  static constexpr std::int64_t kTrustMs = 10'000;

  /// Where an object lay. The key is told by 64 bits of it: who finds another's row by that sees it
  /// by the canonical bytes, which every hit compares.
  struct Place {
    std::uint64_t tag = 0;
    const char* bytes = nullptr;
    std::uint64_t length = 0;
    std::uint64_t snapshot = 0;  ///< LMDB's transaction that was looked at
    std::uint64_t sequence = 0;  ///< of the object
    std::int64_t trusted_until_ms = 0;
    std::uint64_t clean_at = 0;  ///< the last purge by tags that is known not to have hit it

    std::string_view row() const { return {bytes, length}; }
    /// Is the object `sequence` of `found` what was checked here, not long ago?
    bool vouches_for(std::string_view found, std::uint64_t found_sequence, WallTime now) const {
      return found.data() == bytes && found.size() == length && found_sequence == sequence &&
             now.ms < trusted_until_ms;
    }
  };

  CheckedRows() : places_(std::make_unique<Place[]>(kPlaces)) {}

  static std::uint64_t tag_of(const CacheKey& key);
  Place& place_of(std::uint64_t tag) { return places_[tag & (kPlaces - 1)]; }
  /// The database is another one.
  void clear() { places_ = std::make_unique<Place[]>(kPlaces); }

 private:
  std::unique_ptr<Place[]> places_;
};

}  // namespace larder
