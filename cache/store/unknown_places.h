// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "cache/http/freshness.h"

namespace larder {

/// Places (place_of()) of which nobody knows yet what has changed in them since what is stored of
/// them was stored: larderd was not there to hear of it. Until a place is known again, nothing that
/// was stored before the start counts as fresh. Begun once, before any lookup; then any thread.
class UnknownPlaces {
 public:
  enum class Besides : std::uint8_t {
    none,
    others,  ///< all other places are unknown as well, until end_others()
    all,     ///< every place is, also one of `places` that is known by itself, until end_others()
  };
  /// What was stored before `since` may be fresh until `fresh_until` all the same.
  void begin(const std::vector<std::uint64_t>& places, Besides besides, WallTime since,
             WallTime fresh_until);
  /// All that was missed is purged.
  void end(std::uint64_t place) noexcept;
  void end_others() noexcept { besides_.store(Besides::none, std::memory_order_release); }
  /// The lifetime of an object of `place`, as far as this bounds it.
  Lifetime bounded(const Lifetime& lifetime, std::uint64_t place, WallTime now) const noexcept;

  bool empty() const noexcept {
    return left_.load(std::memory_order_acquire) == 0 &&
           besides_.load(std::memory_order_acquire) == Besides::none;
  }

 private:
  using Place = std::atomic<std::uint64_t>;
  bool is_unknown(std::uint64_t place) const noexcept;

  std::vector<std::uint64_t> begun_;  ///< as they were given
  std::unique_ptr<Place[]> places_;   ///< 0 = known again
  std::atomic<Besides> besides_{Besides::none};
  std::size_t count_ = 0;
  std::atomic<std::size_t> left_{0};
  WallTime since_, fresh_until_;
};

}  // namespace larder
