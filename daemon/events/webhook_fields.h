// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/tags/entry_version.h"
#include "cache/tags/field_value.h"

namespace larder {

/// What the body of a webhook says, as far as larder asks. A text that is missing, longer than 256
/// bytes or no text is "".
struct WebhookFields {
  static constexpr std::size_t kMaxItems = 1'024;
  static constexpr std::size_t kMaxAliases = 64;
  static constexpr std::size_t kMaxPublishings = 64;

  /// Of a release.
  struct Item {
    std::string uid;
    std::string content_type;
    std::string action;
    std::string locale;
  };

  /// Of data.entry.publish_details or data.asset.publish_details, an object or a list of them.
  struct Publishing {
    std::string environment;  ///< its uid
    std::string locale;
    std::string time;
    std::string version;
  };

  std::string module;
  std::string event;
  std::string api_key;
  std::string triggered_at;
  std::string status;
  std::string locale;
  std::string environment;  ///< its name
  std::string environment_uid;
  std::string version;  ///< `_version` of the entry or asset
  std::vector<Publishing> publishings;
  std::string content_type;  ///< data.content_type.uid
  std::string entry;         ///< data.entry.uid
  std::string variant_entry;
  std::string asset;
  std::string global_field;
  std::string taxonomy;
  std::string term_taxonomy;
  bool is_folder = false;  ///< the asset is one
  std::string branch;
  std::vector<std::string> aliases;  ///< of the branch
  bool lists_aliases = false;        ///< they are there, and all of them were read
  std::string assigned_alias;        ///< data.branch_alias.alias
  std::string assigned_branch;       ///< data.branch_alias.uid
  std::vector<Item> items;           ///< of the release
  bool lists_items = false;          ///< they are there, and all of them were read

  /// Of data.entry, where that is whole; without its content type.
  std::optional<RawEntry> raw_entry;
  std::optional<std::vector<FieldValue>> values;  ///< of the same, by which filters select it

  /// Of a JSON object; nothing where the body is none. Pure. The same little memory for any body,
  /// but for kMaxItems and kMaxAliases.
  static std::optional<WebhookFields> read(std::string_view body);
};

}  // namespace larder
