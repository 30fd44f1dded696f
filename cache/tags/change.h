// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/tags/field_value.h"
#include "cache/tags/tag.h"
#include "conf/base/clock.h"

namespace larder {

/// Something that has changed in a stack: published, unpublished, edited or deleted.
struct ContentChange {
  enum class What : std::uint8_t { entry, asset, content_type, global_field, taxonomy };
  What what = What::entry;
  std::string content_type;  ///< of an entry
  std::string uid;
  /// What an event says of it besides; "" and unknown where nobody has said it.
  enum class Action : std::uint8_t { unknown, published, gone };
  Action action = Action::unknown;
  std::string locale = {};
  /// Which publishing it was: its time by the clock of the CMS, and the version that it published.
  /// 0 and "" = nobody has said it.
  WallTime published = {};
  std::string version = {};
  /// Of an entry that is published, what filters may select it by; nothing = not known.
  std::optional<std::vector<FieldValue>> values = std::nullopt;
};

/// "entry", "content_type": the word of the CMS.
const char* name_of(ContentChange::What what);
std::optional<ContentChange::What> content_named(std::string_view name);

/// Adds the content type of each entry among them, for who wants all that shows, lists or refers to
/// any entry of it purged.
void add_content_types(std::vector<ContentChange>& changes);

/// The tags of which an answer has at least one if it may show what has changed. An entry changes
/// what shows it and the lists of its content type, but for those whose filter it does not pass; a
/// content type also what shows its entries.
/// An entry that is published may besides be new to all that include references: that one of them
/// did not include it so far leaves no trace in its body, and that others show it does not tell
/// that none is older. One that is gone is new to none.
std::vector<Tag> tags_of(const ContentChange& change);
/// Those of them by which the vendor purges its own caches too: an answer with one of these that a
/// cache has had since before the change is outdated.
std::vector<Tag> exact_tags_of(const ContentChange& change);

}  // namespace larder
