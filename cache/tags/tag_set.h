// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cache/tags/entry_version.h"
#include "cache/tags/publishing.h"
#include "cache/tags/tag.h"

namespace larder {

/// The tags of one answer, in bounded memory. What does not fit is told less exactly, never left
/// out: an answer with more entries than kMostEntries depends on all entries of their content
/// types, one with more assets than kMostAssets on all assets, one with more than kMostTags of
/// anything else on anything.
class TagSet {
 public:
  static constexpr std::size_t kMostEntries = 1'024;
  static constexpr std::size_t kMostAssets = 512;
  static constexpr std::size_t kMostTags = 256;

  /// An entry that is shown; one that is only named, and may be shown instead; one that never is.
  /// Its content type may be unknown: "".
  void add_entry(std::string_view content_type, std::string_view uid);
  void add_reference(std::string_view content_type, std::string_view uid);
  void add_stub(std::string_view content_type, std::string_view uid);
  void add_reference(Tag tag) { entries_.add(tag); }
  /// The version of an entry that is shown; nothing = it does not say which.
  void add_shown(std::optional<EntryVersion> version);
  /// When an entry or asset that is shown was published. Of kMostEntries at most.
  void add_publishing(const Publishing& publishing);
  /// Once.
  std::vector<Publishing> take_publishings() { return std::exchange(publishings_, {}); }
  /// A content type of which entries are shown.
  void add_content(std::string_view content_type);
  void add_asset(std::string_view uid) { assets_.add(asset_tag(uid)); }
  /// Anything else.
  void add(Tag tag) { others_.add(tag); }

  /// The versions of all entries that are shown, once. Nothing = some are not known.
  std::optional<std::vector<EntryVersion>> take_shown();
  /// The tags of all entries that are shown or named; nothing = there were too many, or something
  /// could not be followed.
  std::optional<std::vector<Tag>> entries();

  /// As an object carries them: 8 octets each, little endian, in rising order, each once. Empties
  /// the set.
  std::string take();

 private:
  void add_content_of(std::string_view content_type);

  class Bounded {
   public:
    explicit Bounded(std::size_t most) : most_(most) {}
    void add(Tag tag);
    /// In order, each once. False = there were more than fit.
    bool settle();
    const std::vector<Tag>& tags() const { return tags_; }

   private:
    std::size_t most_;
    std::vector<Tag> tags_;  ///< up to twice as many, some more than once, until settled
    bool overflown_ = false;
  };

  Bounded entries_{kMostEntries};
  Bounded assets_{kMostAssets};
  Bounded others_{kMostTags};
  Bounded lists_{kMostTags};     ///< list_tag() of each content type of which entries are shown
  bool typeless_entry_ = false;  ///< an entry's content type is not known
  std::vector<EntryVersion> shown_;
  bool unknown_shown_ = false;
  std::vector<Publishing> publishings_;
};

/// The tags that an object carries, one by one.
std::size_t tag_count(std::string_view carried);
Tag tag_at(std::string_view carried, std::size_t index);

/// Is one of `wanted` among the tags that an object carries?
bool has_any_tag(std::string_view carried, std::span<const Tag> wanted);

}  // namespace larder
