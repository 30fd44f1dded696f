// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "cache/store/checked_rows.h"
#include "cache/store/shared.h"

namespace larder {

struct StoreReader::Impl {
  explicit Impl(StoreShared& shared_in) : shared(shared_in) {}

  /// Sees to a snapshot that is no older than the last acknowledged purge. False = no database.
  bool ready() noexcept;
  /// A row of `objects`; damage is counted and reported.
  std::optional<std::string_view> row(std::string_view key) noexcept;
  /// The object's head row, checked unless `checked` vouches for it.
  std::optional<ObjectView> object(const CacheKey& key, WallTime now);
  void report(const CacheKey& key);

  StoreShared& shared;
  std::unique_ptr<Snapshot> snapshot;
  std::uint64_t generation = 0;  ///< of the snapshot
  CheckedRows checked;
};

}  // namespace larder
