// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/raw_knowledge.h"

#include <algorithm>
#include <utility>

#include "cache/tags/place.h"

namespace larder {

void RawKnowledge::Forgotten::note(const PurgeOrder& purge, MonotonicTime now) {
  at = now;
  const bool has_told = purge.source == PurgeSource::webhook && purge.changed.ms > 0;
  if (has_told) {
    told = std::max(told, purge.changed);
  } else {
    untold = now;
  }
}

bool RawKnowledge::Forgotten::is_before(WallTime said, MonotonicTime asked) const {
  return untold <= asked && (told.ms == 0 || said.ms > told.ms + kEventSkewMs);
}

const RawKnowledge::Forgotten* RawKnowledge::forgotten_of(std::uint64_t branch) const {
  const auto found = forgotten_.find(branch);
  return found == forgotten_.end() ? nullptr : &found->second;
}

bool RawKnowledge::know(std::uint64_t branch, std::vector<RawEntry> entries, MonotonicTime asked) {
  const Forgotten* const forgotten = forgotten_of(branch);
  if (!all_forgotten_.is_before(asked)) return true;
  if (forgotten != nullptr && !forgotten->is_before(asked)) return true;
  for (RawEntry& entry : entries) entries_.add(branch, std::move(entry));
  return !entries_.is_full();
}

void RawKnowledge::know(const RawNote& note, WallTime wall, MonotonicTime now) {
  const std::int64_t age_ms = std::max<std::int64_t>(0, wall.ms - note.told.ms);
  const MonotonicTime asked{now.ms - age_ms - kSkewMs};
  if (!all_forgotten_.is_before(note.told, asked)) return;
  const auto& branches = note.branches;
  for (const std::uint64_t branch : branches) {
    // What is said of the branch holds for an alias, however short ago that moved.
    const auto followed = follows_.find(branch);
    const bool follows =
        followed != follows_.end() &&
        std::find(branches.begin(), branches.end(), followed->second) != branches.end();
    const Forgotten* const forgotten = forgotten_of(follows ? followed->second : branch);
    if (forgotten != nullptr && !forgotten->is_before(note.told, asked)) continue;
    entries_.add(branch, note.entry);
  }
}

std::vector<std::string> RawKnowledge::note_purge(const PurgeOrder& purge, MonotonicTime now) {
  std::vector<std::string> anew;
  if (purge.dry_run) return anew;
  if (!purge.moved_to.empty() && purge.source == PurgeSource::webhook) {
    follow_alias(purge, now);
    return {""};
  }
  // An event that larder does not understand may be one of a schema.
  const bool unclear =
      purge.what == PurgeOrder::What::scope && purge.source != PurgeSource::operator_;
  if (unclear) anew.emplace_back();
  for (const ContentChange& change : purge.changes) {
    if (change.what == ContentChange::What::global_field) anew = {""};
    if (change.what != ContentChange::What::content_type || anew == std::vector<std::string>{""}) {
      continue;
    }
    anew.push_back(change.uid);
  }
  for (const std::string& type : anew) {
    forget(type.empty() ? std::nullopt : std::optional(content_tag(type)), purge, now);
  }
  return anew;
}

void RawKnowledge::follow_alias(const PurgeOrder& purge, MonotonicTime now) {
  const std::uint64_t branch = branch_place(purge.api_key, purge.moved_to);
  const std::uint64_t moved = branch_place(purge.api_key, purge.branch);
  const Forgotten* const before = forgotten_of(moved);
  const bool is_last = purge.changed.ms > (before == nullptr ? 0 : before->told.ms);
  PurgeOrder alias = purge;
  alias.aliases.clear();
  forget(std::nullopt, alias, now);
  if (!is_last) return;  // it came late: where the alias is, another event has said
  if (forgotten_.contains(moved)) follows_[moved] = branch;
  entries_.copy(branch, moved);
}

void RawKnowledge::forget(std::optional<Tag> content_type, const PurgeOrder& purge,
                          MonotonicTime now) {
  const auto branches = branches_of(purge);
  for (const std::uint64_t branch : branches) {
    entries_.forget(content_type, branch);
    forgotten_[branch].note(purge, now);
    follows_.erase(branch);
  }
  const bool too_many = forgotten_.size() > kMostBranches;
  if (!branches.empty() && !too_many) return;
  if (branches.empty()) entries_.forget(content_type, std::nullopt);
  follows_.clear();
  all_forgotten_.note(purge, now);
  if (!too_many) return;
  forgotten_.clear();
  all_forgotten_.untold = now;
}

}  // namespace larder
