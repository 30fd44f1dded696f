// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

#include "cache/tags/field_value.h"

namespace larder {

/// Something that a stored answer depends on: a hash of its name (XXH3-64, the same on every
/// machine, since tags are stored). Two names that hash alike cost a purge too many, never one too
/// few. A tag knows no stack, environment or branch: whoever purges says which he means.
struct Tag {
  std::uint64_t hash = 0;
  friend auto operator<=>(const Tag&, const Tag&) = default;
};

/// Shows this entry. By uid alone, which a stack gives only once: an included entry does not always
/// say its content type.
Tag entry_tag(std::string_view uid);
/// Refers to this entry, or was asked for it: it need not be published.
Tag reference_tag(std::string_view uid);
/// Refers to this entry, and shows nothing of it whatever is published: only when it goes it might
/// not refer to it any more.
Tag stub_tag(std::string_view uid);
/// Shows an entry of this content type, or was asked for one.
Tag content_tag(std::string_view content_type);
/// Depends on which entries of this content type there are, and on what is in any of them.
Tag list_tag(std::string_view content_type);
/// Depends on which entries of this content type come, and on what is in those that change. An
/// entry that goes matters to it only if it is shown.
Tag arrival_tag(std::string_view content_type);
/// Depends on which entries of this content type go, besides what its other tags say.
Tag departure_tag(std::string_view content_type);
/// Depends on which entries of this content type come with a certain value in a field, besides what
/// its other tags say: filter_tag() of the value. This one is for changes of entries whose values
/// are not known.
Tag filtered_tag(std::string_view content_type);
/// 1,024 different ones for each content type, so that events raise few epochs: others hash alike.
Tag filter_tag(std::string_view content_type, FieldValue value);
/// Depends on which entries there are, and on what is in them, of content types that are not known.
Tag any_list_tag();
/// Includes referenced entries, and says nothing of those that were not published when it came.
Tag inclusion_tag();
/// Shows this asset, or was asked for it.
Tag asset_tag(std::string_view uid);
/// Shows an entry of which a field is null: what an asset that is not published leaves there.
Tag missing_asset_tag();
/// Depends on which assets there are, and on what is in any of them.
Tag asset_list_tag();
/// Shows the schema of this content type, or was asked for it.
Tag schema_tag(std::string_view content_type);
/// Depends on which content types there are, and on the schema of any of them.
Tag schema_list_tag();
/// Shows a schema, whichever.
Tag any_schema_tag();
/// Shows this global field, or was asked for it.
Tag global_field_tag(std::string_view uid);
/// Depends on which global fields there are, and on what is in any of them.
Tag global_field_list_tag();
/// Shows or uses this taxonomy or its terms.
Tag taxonomy_tag(std::string_view uid);
/// Depends on taxonomies that are not known.
Tag any_taxonomy_tag();
/// May depend on anything: every purge by tag takes it along.
Tag unknown_tag();

}  // namespace larder
