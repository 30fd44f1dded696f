// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "cache/scope/key.h"
#include "cache/store/store.h"
#include "daemon/fetch/fill_owner.h"
#include "daemon/fetch/visible_watch.h"
#include "daemon/watch/metrics.h"

namespace larder {

/// The fills' way into the Store.
class StoreWrites final : public FillStore {
 public:
  /// Called on the store's writer thread once the object of a fill is visible to every later
  /// snapshot, or was dropped.
  using Committed = std::function<void(const CacheKey& key, std::uint64_t fill)>;

  StoreWrites(Store& store, OriginMetrics& metrics, Committed committed)
      : store_(store), metrics_(metrics), committed_(std::move(committed)) {}

  /// From now on answers tell when they are the first to show what the order is about.
  void expect(const PurgeOrder& order) { visible_.expect(order, store_.epoch()); }

  std::uint64_t max_object_bytes() const override { return store_.max_object_bytes(); }
  std::uint64_t epoch() const override { return store_.epoch(); }
  std::uint64_t shown_by(const Fill& fill, std::uint64_t number, std::string_view tags,
                         WallTime made_after, WallTime now) const override;
  std::unique_ptr<FillWrite> begin(const Fill& fill, std::uint64_t announced_bytes) override;

 private:
  class Write;

  Store& store_;
  OriginMetrics& metrics_;
  VisibleWatch visible_;
  const Committed committed_;
};

}  // namespace larder
