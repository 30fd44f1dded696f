// SPDX-License-Identifier: Apache-2.0
#include "cache/store/purge_selection.h"

#include <algorithm>
#include <utility>

#include "cache/request/canonical.h"
#include "cache/tags/tag_set.h"

namespace larder {
namespace {

std::vector<ScopeLabel> sorted(std::vector<ScopeLabel> scopes) {
  std::sort(scopes.begin(), scopes.end(),
            [](const ScopeLabel& a, const ScopeLabel& b) { return a.mac.bytes < b.mac.bytes; });
  return scopes;
}

}  // namespace

PurgeSelection::PurgeSelection(const PurgeOrder& order, std::vector<ScopeLabel> scopes)
    : order_(order), scopes_(sorted(std::move(scopes))) {
  if (order.what != PurgeOrder::What::url) return;
  CanonicalRequest request;
  request.path = order.path;
  request.query = order.query;
  const std::size_t length = write_canonical_bytes(request, url_);
  url_.resize(length);
}

PurgeSelection::PurgeSelection(Epochs::Purge purge, const Epochs& epochs,
                               std::vector<ScopeLabel> scopes)
    : scopes_(sorted(std::move(scopes))) {
  Tags tags;
  tags.number = epochs.last() + 1;
  tags.everything = epochs.everything_before();
  const auto keep = [&](std::uint64_t tag) {
    const auto row = epochs.find(tag);
    tags.before[tag] = row ? row->number : 0;
  };
  for (const std::uint64_t place : purge.places) {
    for (const Tag tag : purge.tags) keep(Epochs::tag_in(place, tag));
    keep(Epochs::whole_of(place));
  }
  tags.purge = std::move(purge);
  tags_ = std::move(tags);
}

std::optional<std::size_t> PurgeSelection::scope_of(const ScopeMac& mac) const {
  const auto found = std::lower_bound(scopes_.begin(), scopes_.end(), mac,
                                      [](const ScopeLabel& label, const ScopeMac& wanted) {
                                        return label.mac.bytes < wanted.bytes;
                                      });
  if (found == scopes_.end() || found->mac != mac) return std::nullopt;
  return static_cast<std::size_t>(found - scopes_.begin());
}

bool PurgeSelection::selects(const ObjectView& head, const Epochs& epochs) const {
  if (tags_) return selects_by_tags(head, epochs);
  switch (order_.what) {
    case PurgeOrder::What::all:
      return true;
    case PurgeOrder::What::url:
      if (!head.canonical.starts_with(url_)) return false;
      break;
    case PurgeOrder::What::path:
      if (!is_at_or_below(path_in_canonical_bytes(head.canonical), order_.path)) return false;
      break;
    case PurgeOrder::What::scope:
    case PurgeOrder::What::change:
      break;
  }
  return scope_of(head.meta.scope).has_value();
}

bool PurgeSelection::selects_by_tags(const ObjectView& head, const Epochs& epochs) const {
  const Epochs::Purge& purge = tags_->purge;
  if (head.epoch >= tags_->number) return false;  // stored since
  if (!std::binary_search(purge.places.begin(), purge.places.end(), head.place)) return false;
  const bool meant = purge.whole || head.tags.empty() || has_any_tag(head.tags, purge.tags);
  return meant && !was_purged(head, epochs);
}

/// Before this purge. Where a later one has taken a row's place, that is not known: it counts.
bool PurgeSelection::was_purged(const ObjectView& head, const Epochs& epochs) const {
  const auto purged_by = [&](std::uint64_t tag) {
    const auto before = tags_->before.find(tag);
    if (before != tags_->before.end()) return before->second > head.epoch;
    const auto row = epochs.find(tag);
    return row && row->number > head.epoch && row->number < tags_->number;
  };
  if (tags_->everything > head.epoch || purged_by(Epochs::whole_of(head.place))) return true;
  if (head.tags.empty()) return purged_by(Epochs::tag_in(head.place, unknown_tag()));
  for (std::size_t i = 0; i < tag_count(head.tags); ++i) {
    if (purged_by(Epochs::tag_in(head.place, tag_at(head.tags, i)))) return true;
  }
  return false;
}

}  // namespace larder
