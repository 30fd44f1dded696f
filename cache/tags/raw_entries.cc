// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/raw_entries.h"

#include <utility>

#include "cache/tags/request_tags.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace larder {
namespace {

/// Stacks may give the same uids.
EntryVersion in_stack(std::string_view api_key, EntryVersion version) {
  version.low ^= XXH3_64bits(api_key.data(), api_key.size());
  return version;
}

bool add_references(std::string_view api_key, const RawEntries& known, TagSet& tags) {
  const auto shown = tags.take_shown();
  if (!shown) return false;
  for (const EntryVersion version : *shown) {
    const auto* const references = known.references_of(api_key, version);
    if (references == nullptr) return false;
    for (const Tag tag : *references) tags.add_reference(tag);
  }
  return true;
}

}  // namespace

void RawEntries::set_most(std::size_t most) {
  most_ = most;
  make_room();
}

void RawEntries::add(std::string_view api_key, RawEntry entry) {
  if (most_ == 0 || entry.references.size() > kMostReferences) return;
  const EntryVersion version = in_stack(api_key, entry.version);
  const bool is_new =
      entries_.insert_or_assign(version, Known{entry.content_type, std::move(entry.references)})
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

const std::vector<Tag>* RawEntries::references_of(std::string_view api_key,
                                                  EntryVersion version) const {
  const auto found = entries_.find(in_stack(api_key, version));
  return found == entries_.end() ? nullptr : &found->second.references;
}

void RawEntries::forget(Tag content_type) {
  std::erase_if(entries_,
                [&](const auto& entry) { return entry.second.content_type == content_type; });
  std::erase_if(order_, [&](const EntryVersion& version) { return !entries_.contains(version); });
}

void RawEntries::clear() {
  entries_.clear();
  order_.clear();
}

void add_inclusions(const CanonicalRequest& request, std::string_view api_key,
                    const RawEntries& known, TagSet& tags) {
  const Inclusion inclusion = inclusion_of(request.query);
  if (inclusion == Inclusion::none) return;
  // A variant of an entry has the version of the entry, and may refer to others.
  const bool traceable = inclusion == Inclusion::references && request.variants.empty();
  if (!traceable || !add_references(api_key, known, tags)) tags.add(inclusion_tag());
}

}  // namespace larder
