// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/raw_knowledge.h"

#include <algorithm>
#include <utility>

namespace larder {

bool RawKnowledge::know(std::uint64_t branch, std::vector<RawEntry> entries, MonotonicTime asked) {
  const auto forgotten = forgotten_.find(branch);
  if (asked < all_forgotten_) return true;
  if (forgotten != forgotten_.end() && asked < forgotten->second) return true;
  for (RawEntry& entry : entries) entries_.add(branch, std::move(entry));
  return !entries_.is_full();
}

void RawKnowledge::know(const RawNote& note, WallTime wall, MonotonicTime now) {
  const std::int64_t age_ms = std::max<std::int64_t>(0, wall.ms - note.told.ms);
  const MonotonicTime asked{now.ms - age_ms - kSkewMs};
  for (const std::uint64_t branch : note.branches) know(branch, {note.entry}, asked);
}

std::vector<std::string> RawKnowledge::note_purge(const PurgeOrder& purge, MonotonicTime now) {
  std::vector<std::string> anew;
  if (purge.dry_run) return anew;
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

void RawKnowledge::forget(std::optional<Tag> content_type, const PurgeOrder& purge,
                          MonotonicTime now) {
  const auto branches = branches_of(purge);
  for (const std::uint64_t branch : branches) {
    entries_.forget(content_type, branch);
    forgotten_[branch] = now;
  }
  if (!branches.empty() && forgotten_.size() <= kMostBranches) return;
  if (branches.empty()) entries_.forget(content_type, std::nullopt);
  forgotten_.clear();
  all_forgotten_ = now;
}

}  // namespace larder
