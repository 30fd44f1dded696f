// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/raw_entries.h"

#include <utility>

namespace larder {
namespace {

EntryVersion in_branch(std::uint64_t branch, EntryVersion version) {
  version.low ^= branch;
  return version;
}

bool add_references(std::uint64_t branch, const RawEntries& known, TagSet& tags) {
  const auto shown = tags.take_shown();
  if (!shown) return false;
  for (const EntryVersion version : *shown) {
    const auto* const references = known.references_of(branch, version);
    if (references == nullptr) return false;
    for (const Tag tag : *references) tags.add_reference(tag);
  }
  return tags.entries().has_value();  // else those that are not shown are lost with the others
}

}  // namespace

void RawEntries::set_most(std::size_t most) {
  most_ = most;
  make_room();
}

void RawEntries::add(std::uint64_t branch, RawEntry entry) {
  if (most_ == 0 || entry.references.size() > kMostReferences) return;
  const EntryVersion version = in_branch(branch, entry.version);
  const bool is_new =
      entries_
          .insert_or_assign(version, Known{branch, entry.content_type, std::move(entry.references)})
          .second;
  if (is_new) order_.push_back(version);
  make_room();
}

void RawEntries::make_room() {
  while (entries_.size() > most_) {
    entries_.erase(order_.front());
    order_.pop_front();
  }
}

const std::vector<Tag>* RawEntries::references_of(std::uint64_t branch,
                                                  EntryVersion version) const {
  const auto found = entries_.find(in_branch(branch, version));
  return found == entries_.end() ? nullptr : &found->second.references;
}

void RawEntries::forget(std::optional<Tag> content_type, std::optional<std::uint64_t> branch) {
  std::erase_if(entries_, [&](const auto& entry) {
    const Known& known = entry.second;
    return (!content_type || known.content_type == *content_type) &&
           (!branch || known.branch == *branch);
  });
  std::erase_if(order_, [&](const EntryVersion& version) { return !entries_.contains(version); });
}

void RawEntries::copy(std::uint64_t from, std::uint64_t to) {
  std::vector<RawEntry> copies;
  for (const EntryVersion& version : order_) {
    const Known& known = entries_.at(version);
    if (known.branch != from) continue;
    copies.push_back({in_branch(from, version), known.content_type, known.references});
  }
  for (RawEntry& entry : copies) add(to, std::move(entry));
}

void add_inclusions(Inclusion inclusion, bool varies, std::uint64_t branch, const RawEntries& known,
                    TagSet& tags) {
  if (inclusion == Inclusion::none) return;
  const bool traceable = inclusion == Inclusion::references && !varies;
  if (!traceable || !add_references(branch, known, tags)) return tags.add(inclusion_tag());
  // With a changed global field, the same versions may refer to others.
  tags.add(any_schema_tag());
}

}  // namespace larder
