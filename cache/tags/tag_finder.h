// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cache/body/json_events.h"
#include "cache/body/json_text_buffer.h"
#include "cache/tags/tag_set.h"

namespace larder {

/// Finds what the JSON text of an answer shows: entries (its own, included ones, stubs of
/// references, embedded ones), assets, schemas, global fields and taxonomies, each by its uid.
/// Whose uid it is, the member says in which an object lies (`entries`, `asset` ...), or
/// `_content_type_uid`, or a member that only assets have; anything else that has a version is an
/// entry. Which versions of entries it shows whole is told too. Takes the same little memory for
/// any text. What it cannot follow counts as unknown_tag().
class TagFinder final : public JsonEvents {
 public:
  /// `content_type` is that of the path, "" where it names none; `includes`: entries that are only
  /// named may be shown instead, once they are published (may_include()). `tags` outlives this.
  TagFinder(std::string content_type, bool includes, TagSet& tags);

  void on_open(JsonContainer container, unsigned depth) override;
  void on_close(JsonContainer container, unsigned depth) override;
  void on_text(JsonText kind, std::string_view part, bool last, unsigned depth) override;
  void on_literal(JsonLiteral literal, unsigned depth) override;

 private:
  /// What an object, or each one of an array, is by the name of the member that holds it.
  enum class Role : std::uint8_t {
    none,
    answer,  ///< the whole
    entry,
    asset,
    content_type,
    global_field,
    taxonomy,
  };
  enum class Member : std::uint8_t {
    other,
    uid,
    content_type,  ///< `_content_type_uid`
    asset_mark,    ///< only assets have it: `filename`
    version,       ///< only what is published has it: `_version`
    locale,        ///< `locale`
    edited,        ///< `updated_at`
    details,       ///< `publish_details`
    time,          ///< `time`: of those
    linked_entry,  ///< of links in JSON rich text: `entry-uid`
    linked_asset,  ///< `asset-uid`
    taxonomy,      ///< `taxonomy_uid`
  };
  /// Longer than any uid or name that counts.
  static constexpr std::size_t kMostText = 128;
  static constexpr std::size_t kMostFrames = 128;
  /// An open container, and what is known of it.
  struct Frame {
    Role role = Role::none;
    bool is_array = false;
    bool has_asset_mark = false;
    bool is_details = false;  ///< `publish_details` of what lies around
    bool has_null = false;    ///< one of its own members is null
    std::string uid;
    std::string content_type;
    std::string version;  ///< "" = it has none
    std::string locale;
    std::string edited;
    std::string published;         ///< of details `time`; of others what their details say
    std::string published_locale;  ///< of others
  };

  static Role role_of(std::string_view name);
  static Member member_of(std::string_view name);
  static bool is_asset(const Frame& frame);
  void take_name();
  void take_value();
  void end_object(const Frame& frame);
  void end_nulls(const Frame& frame);
  void end_entry(const Frame& frame);
  void end_details(const Frame& frame);
  void add_publishing(const Frame& frame, Tag what);

  const std::string content_type_;
  const bool includes_;
  TagSet& tags_;
  std::vector<Frame> frames_;       ///< of the outermost containers
  JsonTextBuffer text_{kMostText};  ///< the key or value that is being read
  Role role_ = Role::none;          ///< of what the last key names
  Member member_ = Member::other;
};

}  // namespace larder
