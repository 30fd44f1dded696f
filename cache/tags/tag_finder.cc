// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/tag_finder.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cache/tags/event_time.h"

namespace larder {
namespace {

/// What the API names assets in `_content_type_uid`.
constexpr std::string_view kAssets = "sys_assets";

template <typename Value, std::size_t count>
Value find(const std::array<std::pair<std::string_view, Value>, count>& table,
           std::string_view name, Value otherwise) {
  const auto at =
      std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.first == name; });
  return at == table.end() ? otherwise : at->second;
}

}  // namespace

TagFinder::TagFinder(std::string content_type, bool includes, TagSet& tags)
    : content_type_(std::move(content_type)), includes_(includes), tags_(tags) {}

TagFinder::Role TagFinder::role_of(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, Role>, 10> kRoles{{
      {"entry", Role::entry},
      {"entries", Role::entry},
      {"asset", Role::asset},
      {"assets", Role::asset},
      {"content_type", Role::content_type},
      {"content_types", Role::content_type},
      {"global_field", Role::global_field},
      {"global_fields", Role::global_field},
      {"taxonomy", Role::taxonomy},
      {"taxonomies", Role::taxonomy},
  }};
  return find(kRoles, name, Role::none);
}

TagFinder::Member TagFinder::member_of(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, Member>, 11> kMembers{{
      {"uid", Member::uid},
      {"_content_type_uid", Member::content_type},
      {"filename", Member::asset_mark},
      {"_version", Member::version},
      {"locale", Member::locale},
      {"updated_at", Member::edited},
      {"publish_details", Member::details},
      {"time", Member::time},
      {"entry-uid", Member::linked_entry},
      {"asset-uid", Member::linked_asset},
      {"taxonomy_uid", Member::taxonomy},
  }};
  return find(kMembers, name, Member::other);
}

void TagFinder::on_open(JsonContainer container, unsigned depth) {
  if (depth >= kMostFrames) return tags_.add(unknown_tag());
  frames_.resize(depth);
  Role role = Role::none;
  if (depth == 0) {
    role = container == JsonContainer::object ? Role::answer : Role::none;
  } else if (const Frame& around = frames_.back(); around.is_array) {
    role = around.role;
  } else if (around.role == Role::answer) {
    role = role_;
  }
  Frame& frame = frames_.emplace_back();
  frame.role = role;
  frame.is_array = container == JsonContainer::array;
  frame.is_details = std::exchange(member_, Member::other) == Member::details && !frame.is_array;
}

void TagFinder::on_close(JsonContainer container, unsigned depth) {
  if (depth >= kMostFrames) return;
  frames_.resize(depth + 1);
  if (container == JsonContainer::object) end_object(frames_.back());
  if (frames_.back().has_null) end_nulls(frames_.back());
  frames_.pop_back();
}

void TagFinder::on_text(JsonText kind, std::string_view part, bool last, unsigned depth) {
  if (depth == 0 || depth > kMostFrames) return;
  if (kind != JsonText::key && member_ == Member::other) return;
  if (!text_.add(part, last)) return;
  if (kind == JsonText::key) {
    take_name();
  } else {
    take_value();
  }
}

void TagFinder::on_literal(JsonLiteral literal, unsigned depth) {
  if (depth == 0 || depth > kMostFrames || literal != JsonLiteral::null) return;
  frames_.back().has_null = true;
}

void TagFinder::take_name() {
  const std::string& name = text_.text();
  role_ = role_of(name);
  member_ = member_of(name);
  if (member_ == Member::time && !frames_.back().is_details) member_ = Member::other;
  if (member_ != Member::asset_mark) return;
  frames_.back().has_asset_mark = true;
  member_ = Member::other;  // however long its value is
}

/// Of the member that was named last.
void TagFinder::take_value() {
  Frame& frame = frames_.back();
  const Member member = std::exchange(member_, Member::other);
  if (frame.is_array) return;
  if (text_.cut()) return tags_.add(unknown_tag());
  switch (member) {
    case Member::uid:
      frame.uid = text_.text();
      return;
    case Member::content_type:
      frame.content_type = text_.text();
      return;
    case Member::version:
      frame.version = text_.text();
      return;
    case Member::locale:
      frame.locale = text_.text();
      return;
    case Member::edited:
      frame.edited = text_.text();
      return;
    case Member::time:
      frame.published = text_.text();
      return;
    case Member::linked_entry:
      return tags_.add_reference({}, text_.text());
    case Member::linked_asset:
      return tags_.add_asset(text_.text());
    case Member::taxonomy:
      return tags_.add(taxonomy_tag(text_.text()));
    case Member::asset_mark:
    case Member::details:
    case Member::other:
      return;
  }
}

bool TagFinder::is_asset(const Frame& frame) {
  return frame.content_type == kAssets || frame.role == Role::asset ||
         (frame.has_asset_mark && frame.content_type.empty() && frame.role != Role::entry);
}

void TagFinder::end_object(const Frame& frame) {
  if (frame.is_details) end_details(frame);
  if (is_asset(frame)) {
    if (frame.uid.empty()) return tags_.add(asset_list_tag());
    add_publishing(frame, asset_tag(frame.uid));
    return tags_.add_asset(frame.uid);
  }
  if (frame.role == Role::entry || !frame.content_type.empty()) return end_entry(frame);
  if (frame.uid.empty()) return;
  if (frame.role == Role::content_type) tags_.add(schema_tag(frame.uid));
  if (frame.role == Role::global_field) tags_.add(global_field_tag(frame.uid));
  if (frame.role == Role::taxonomy) tags_.add(taxonomy_tag(frame.uid));
  if (frame.role == Role::none && !frame.version.empty()) end_entry(frame);
}

/// An asset has members of its own that are null; what else is null in an entry may be a field for
/// an asset that is not published. Without a uid it may as well be a group with a field `filename`.
void TagFinder::end_nulls(const Frame& frame) {
  if (frame.is_details || (is_asset(frame) && !frame.uid.empty())) return;
  const bool in_entry = std::any_of(frames_.begin(), frames_.end(),
                                    [](const Frame& one) { return one.role == Role::entry; });
  if (in_entry) tags_.add(missing_asset_tag());
}

/// They lie in what they are about.
void TagFinder::end_details(const Frame& frame) {
  if (frames_.size() < 2) return;
  Frame& around = frames_[frames_.size() - 2];
  around.published = frame.published;
  around.published_locale = frame.locale;
}

void TagFinder::add_publishing(const Frame& frame, Tag what) {
  if (frame.published_locale.empty() || frame.uid.empty()) return;
  const auto time = parse_event_time(frame.published);
  if (time) tags_.add_publishing({what, locale_hash(frame.published_locale), *time});
}

void TagFinder::end_entry(const Frame& frame) {
  const bool typed = frame.role == Role::entry || !frame.content_type.empty();
  const std::string& type =
      typed && frame.content_type.empty() ? content_type_ : frame.content_type;
  const bool whole = frame.role == Role::entry || !frame.version.empty();
  if (whole) {
    tags_.add_shown(entry_version(frame.uid, frame.locale, frame.version, frame.edited));
    add_publishing(frame, entry_tag(frame.uid));
  }
  if (!frame.uid.empty()) {
    if (whole) return tags_.add_entry(type, frame.uid);
    return includes_ ? tags_.add_reference(type, frame.uid) : tags_.add_stub(type, frame.uid);
  }
  if (!type.empty()) tags_.add_content(type);
  tags_.add(type.empty() ? any_list_tag() : list_tag(type));
}

}  // namespace larder
