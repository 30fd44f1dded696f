// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/drift_audit.h"

#include <algorithm>
#include <utility>

#include "conf/base/redact.h"

namespace larder {

bool DriftAudit::is_due(unsigned per_minute, MonotonicTime now) {
  if (per_minute == 0 || running_.size() >= kMaxRunning) return false;
  if (last_ && now.ms - last_->ms < 60'000 / per_minute) return false;
  last_ = now;
  return true;
}

void DriftAudit::begin(std::uint64_t fill, FillOrder order, std::string etag) {
  order.access_token = {};
  running_.insert_or_assign(fill, Running{std::move(order), std::move(etag)});
}

void DriftAudit::note_purge(const PurgeOrder& purge) {
  std::erase_if(running_, [&](const auto& entry) { return selects(purge, entry.second.order); });
}

void DriftAudit::note_end(std::uint64_t fill, const std::string& etag, WallTime wall,
                          MonotonicTime now) {
  const auto found = running_.find(fill);
  if (found == running_.end()) return;
  Running ended = std::move(found->second);
  running_.erase(found);
  if (etag.empty()) {
    ++counts_.failed;
    return;
  }
  ++counts_.checked;
  if (etag != ended.etag) suspects_.push_back({std::move(ended.order), wall, {now.ms + kGraceMs}});
}

bool DriftAudit::suspects(const CacheKey& key) const {
  return std::any_of(suspects_.begin(), suspects_.end(),
                     [&](const Suspect& suspect) { return suspect.order.key == key; });
}

std::vector<DriftAudit::Suspect> DriftAudit::take_due(MonotonicTime now) {
  const auto first_later = std::find_if(suspects_.begin(), suspects_.end(),
                                        [&](const Suspect& s) { return now < s.due; });
  std::vector<Suspect> due(std::make_move_iterator(suspects_.begin()),
                           std::make_move_iterator(first_later));
  suspects_.erase(suspects_.begin(), first_later);
  return due;
}

std::optional<std::string> DriftAudit::note_differing(const Suspect& suspect, MonotonicTime now) {
  ++counts_.differing;
  if (warned_ && now.ms - warned_->ms < kWarningPauseMs) return std::nullopt;
  warned_ = now;
  const Scope& scope = *suspect.order.scope;
  std::string text = "what was fresh differs at the origin, and no event told of it: ";
  text += redact(suspect.order.request.path);
  text += " of environment " + redact(scope.environment);
  if (!scope.branch.empty()) text += ", branch " + redact(scope.branch);
  text +=
      " (webhooks or sync may be dead: see [webhook] and sync of [[stack.scope]]; without "
      "either, it shows what [ttl] lets pass)";
  return text;
}

void DriftAudit::clear() {
  running_.clear();
  suspects_.clear();
}

}  // namespace larder
