// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/store/space.h"
#include "cache/store/survey.h"

namespace larder {

/// Purges; the writer thread's. One by tags, or of scopes unless it is hard, raises epochs: lookups
/// see it at once, one commit makes it durable, and then it is acknowledged, once the survey has
/// counted where that is asked for. By any other, rows go in transactions of bounded size; then the
/// metadata page is made durable; then the generation is raised, and only then is the purge
/// acknowledged.
class Purger {
 public:
  /// All of them outlive it.
  Purger(Database& database, SpaceKeeper& space, Survey& survey)
      : database_(database), space_(space), survey_(survey) {}

  /// All of it, acknowledgement included.
  void purge(PurgeJob& job);
  /// Has the survey answer it.
  void ask(SurveyJob& job);
  /// A scope with all that is in it, and its row: how many objects.
  Result<std::uint64_t> erase_scope(const ScopeMac& scope);

 private:
  void purge_by_tags(PurgeJob& job);
  bool begin_anew_after(const Error& error);
  Result<void> keep_durably(const PurgeOrder& order, bool marks = false);
  Epochs::Purge epoch_purge(const PurgeOrder& order) const;
  PurgeSelection selection_of(const PurgeOrder& order) const;
  void only_count(PurgeJob& job);
  void list(ListJob& job);
  void walk(WalkJob& job);
  void settle(PurgeJob& job, Result<std::uint64_t> removed,
              std::optional<PurgeSelection> counted = std::nullopt);

  /// Rows of `objects` under a prefix.
  struct Target {
    std::string prefix;
    std::optional<ScopeMac> scope;
    std::string url;                  ///< how their canonical bytes begin
    std::optional<std::string> path;  ///< theirs is this one or below it
  };

  void write_mark(Change& change) const;
  Result<std::uint64_t> erase_patiently(const PurgeOrder& order);
  Result<std::uint64_t> erase(const PurgeOrder& order);
  Result<std::uint64_t> erase_all();
  Result<std::uint64_t> erase_scopes(const std::vector<Target>& targets,
                                     std::vector<std::uint64_t>& removed);
  Target scope_target(const ScopeMac& mac) const;
  Target target_of(const PurgeOrder& order, const ScopeMac& mac) const;
  Result<std::uint64_t> erase_targets(const std::vector<Target>& targets,
                                      std::vector<std::uint64_t>& removed);
  bool erase_some(Change& change, const Target& target, std::string& position,
                  std::uint64_t& removed) const;
  static bool selects(const Target& target, const CacheKey& key, std::string_view head_row);

  Database& database_;
  SpaceKeeper& space_;
  Survey& survey_;
  std::vector<PurgeResult::Touched> touched_;  ///< by the purge under way
  std::uint64_t tags_raised_ = 0;              ///< by the purge under way
  bool unsynced_ = false;                      ///< the last purge could not be made durable
};

}  // namespace larder
