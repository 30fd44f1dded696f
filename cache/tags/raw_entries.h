// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "cache/tags/entry_version.h"
#include "cache/tags/request_tags.h"
#include "cache/tags/tag_set.h"

namespace larder {

/// What versions of entries refer to, as the CMS itself has said it: of included references that
/// are not published an answer shows nothing, so that only this tells which they are. Facts that
/// never change, but with the schema of the content type, which each branch has of its own; so any
/// of them may be forgotten. At most `most` versions, the oldest leave first. In memory alone.
/// Pure.
class RawEntries {
 public:
  /// An entry with more is not kept.
  static constexpr std::size_t kMostReferences = 128;

  explicit RawEntries(std::size_t most) : most_(most) {}

  void set_most(std::size_t most);
  /// `branch`: branch_place().
  void add(std::uint64_t branch, RawEntry entry);
  const std::vector<Tag>* references_of(std::uint64_t branch, EntryVersion version) const;
  /// The schema of a content type (content_tag(); nothing = of any) may have changed in a branch
  /// (nothing = in any).
  void forget(std::optional<Tag> content_type, std::optional<std::uint64_t> branch);
  /// From now on what is known of `from` is known of `to` as well.
  void copy(std::uint64_t from, std::uint64_t to);
  std::size_t size() const { return entries_.size(); }
  bool is_full() const { return entries_.size() >= most_; }

 private:
  struct Known {
    std::uint64_t branch = 0;
    Tag content_type;
    std::vector<Tag> references;
  };

  void make_room();

  std::size_t most_;
  std::unordered_map<EntryVersion, Known, EntryVersionHash> entries_;
  std::deque<EntryVersion> order_;  ///< as they came
};

/// Adds what an answer may include once it is published: of each entry that it shows what that
/// refers to, or inclusion_tag() where that is not known. For answers that were found; before the
/// tags are taken. `varies`: of entries in a variant or with what is not released yet, which have
/// the version of the entry and may refer to others.
void add_inclusions(Inclusion inclusion, bool varies, std::uint64_t branch, const RawEntries& known,
                    TagSet& tags);

}  // namespace larder
