// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/applied_events.h"

#include <algorithm>
#include <string>

namespace larder {
namespace {

using Action = ContentChange::Action;

/// Each place by its name; none where the order leaves open which there are: what it then means
/// depends on what is stored.
std::vector<std::string> branches_of(const PurgeOrder& order) {
  if (order.api_key.empty() || order.environment.empty() || order.branch.empty()) return {};
  std::vector<std::string> branches = order.aliases;
  branches.push_back(order.branch);
  return branches;
}

/// A purge whose `changed` is earlier would not outdate what caches on the way have had before.
bool is_identified(const PurgeOrder& order, const ContentChange& change) {
  return order.what == PurgeOrder::What::change && !order.hard && !order.dry_run &&
         change.action == Action::published && change.published.ms > 0 && !change.locale.empty() &&
         order.changed >= change.published;
}

Sha256 mark_of(const PurgeOrder& order, const std::string& branch, const ContentChange& change) {
  std::string text;
  for (const std::string& part :
       {order.api_key, order.environment, branch, std::string(name_of(change.what)),
        change.content_type, change.uid, change.locale, std::to_string(change.published.ms),
        change.version}) {
    text.append(std::to_string(part.size())).append(":").append(part);
  }
  return sha256(text);
}

}  // namespace

std::size_t AppliedEvents::take_out(PurgeOrder& order) const {
  const std::lock_guard lock(mutex_);
  const std::vector<std::string> branches = branches_of(order);
  if (known_.empty() || branches.empty()) return 0;
  return std::erase_if(order.changes, [&](const ContentChange& change) {
    if (!is_identified(order, change)) return false;
    return std::all_of(branches.begin(), branches.end(), [&](const std::string& branch) {
      return known_.contains(mark_of(order, branch, change));
    });
  });
}

AppliedEvents::Marks AppliedEvents::marks_of(const PurgeOrder& order) {
  Marks marks;
  const std::vector<std::string> branches = branches_of(order);
  for (const ContentChange& change : order.changes) {
    if (!is_identified(order, change)) continue;
    for (const std::string& branch : branches) marks.push_back(mark_of(order, branch, change));
  }
  return marks;
}

void AppliedEvents::remember(const Marks& marks) {
  const std::lock_guard lock(mutex_);
  for (const Sha256& mark : marks) {
    if (!known_.insert(mark).second) continue;
    order_.push_back(mark);
    if (order_.size() <= most_) continue;
    known_.erase(order_.front());
    order_.pop_front();
  }
}

std::size_t AppliedEvents::size() const {
  const std::lock_guard lock(mutex_);
  return known_.size();
}

}  // namespace larder
