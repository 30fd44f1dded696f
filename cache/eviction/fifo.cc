// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "cache/eviction/eviction.h"
#include "conf/base/check.h"

namespace larder {
namespace {

/// A doubly linked list through a vector: 8 bytes for each slot.
class Fifo final : public EvictionPolicy {
 public:
  Newcomer on_miss(std::uint64_t, std::uint32_t, std::uint64_t) override { return {{}, true}; }

  void on_store(std::uint32_t slot, std::uint64_t, std::uint32_t, const EvictionState&,
                EvictionTick) override {
    if (slot >= links_.size()) links_.resize(std::size_t{slot} + 1);
    LARDER_CHECK(links_[slot].older == kOutside);
    links_[slot] = {newest_, kNone};
    (newest_ == kNone ? oldest_ : links_[newest_].newer) = slot;
    newest_ = slot;
  }

  void on_hit(std::uint32_t, EvictionTick) noexcept override {}

  void on_remove(std::uint32_t slot, std::uint64_t) override {
    LARDER_CHECK(slot < links_.size() && links_[slot].older != kOutside);
    const Link link = links_[slot];
    (link.older == kNone ? oldest_ : links_[link.older].newer) = link.newer;
    (link.newer == kNone ? newest_ : links_[link.newer].older) = link.older;
    links_[slot] = Link{};
  }

  void on_clear() override {
    links_.clear();
    oldest_ = newest_ = kNone;
  }

  std::optional<std::uint32_t> victim() override {
    if (oldest_ == kNone) return std::nullopt;
    return oldest_;
  }

  EvictionState state(std::uint32_t) const override { return {}; }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  static constexpr std::uint32_t kOutside = 0xFFFFFFFE;  ///< the slot is not in the list
  struct Link {
    std::uint32_t older = kOutside;
    std::uint32_t newer = kNone;
  };
  std::vector<Link> links_;
  std::uint32_t oldest_ = kNone;
  std::uint32_t newest_ = kNone;
};

}  // namespace

std::unique_ptr<EvictionPolicy> make_fifo() {
  return std::make_unique<Fifo>();
}

}  // namespace larder
