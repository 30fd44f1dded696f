// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/store/space.h"

namespace larder {

/// Purges; the writer thread's. One by tags, or of scopes unless it is hard, raises epochs: lookups
/// see it at once, one commit makes it durable, and then it is acknowledged. By any other, rows go
/// in transactions of bounded size; then the metadata page is made durable; then the generation is
/// raised, and only then is the purge acknowledged.
class Purger {
 public:
  Purger(Database& database, SpaceKeeper& space) : database_(database), space_(space) {}

  /// All of it, acknowledgement included.
  void purge(PurgeJob& job);
  /// Scopes with all that is in them, and their rows: how many objects.
  Result<std::uint64_t> erase_scopes(const std::vector<ScopeMac>& scopes);

 private:
  void purge_by_tags(PurgeJob& job);
  bool begin_anew_after(const Error& error);
  Result<void> keep_durably(const PurgeOrder& order);
  Epochs::Purge epoch_purge(const PurgeOrder& order) const;
  Result<std::uint64_t> count(const Epochs::Purge& purge) const;
  void settle(PurgeJob& job, Result<std::uint64_t> removed);

  /// Rows of `objects` under a prefix.
  struct Target {
    std::string prefix;
    std::optional<ScopeMac> scope;
    std::string url;  ///< how their canonical bytes begin
  };

  Result<void> write_mark();
  Result<std::uint64_t> erase_patiently(const PurgeOrder& order);
  Result<std::uint64_t> erase(const PurgeOrder& order);
  Target scope_target(const ScopeMac& mac) const;
  std::vector<Target> url_targets(const PurgeOrder& order) const;
  Result<std::uint64_t> erase_targets(const std::vector<Target>& targets);
  bool erase_some(Change& change, const Target& target, std::string& position,
                  std::uint64_t& removed) const;
  static bool selects(const Target& target, const CacheKey& key, std::string_view head_row);

  Database& database_;
  SpaceKeeper& space_;
  bool unsynced_ = false;  ///< the last purge could not be made durable
};

}  // namespace larder
