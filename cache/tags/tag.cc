// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/tag.h"

#include <string>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace larder {
namespace {

/// Seeds of the hash: part of the format of the store.
enum class Group : char {
  entry = 'e',
  reference = 'r',
  stub = 'u',
  content = 'c',
  list = 'l',
  any_list = 'L',
  arrival = 'v',
  departure = 'd',
  filtered = 'F',
  filter = 'f',
  inclusion = 'i',
  asset = 'a',
  missing_asset = 'm',
  asset_list = 'A',
  schema = 's',
  schema_list = 'S',
  any_schema = 'z',
  global_field = 'g',
  global_field_list = 'G',
  taxonomy = 't',
  any_taxonomy = 'T',
  unknown = '*',
};

Tag tag_of(Group group, std::string_view name = {}) {
  return {XXH3_64bits_withSeed(name.data(), name.size(), static_cast<XXH64_hash_t>(group))};
}

}  // namespace

Tag entry_tag(std::string_view uid) {
  return tag_of(Group::entry, uid);
}

Tag reference_tag(std::string_view uid) {
  return tag_of(Group::reference, uid);
}

Tag stub_tag(std::string_view uid) {
  return tag_of(Group::stub, uid);
}

Tag content_tag(std::string_view content_type) {
  return tag_of(Group::content, content_type);
}

Tag list_tag(std::string_view content_type) {
  return tag_of(Group::list, content_type);
}

Tag arrival_tag(std::string_view content_type) {
  return tag_of(Group::arrival, content_type);
}

Tag departure_tag(std::string_view content_type) {
  return tag_of(Group::departure, content_type);
}

Tag filtered_tag(std::string_view content_type) {
  return tag_of(Group::filtered, content_type);
}

Tag filter_tag(std::string_view content_type, FieldValue value) {
  constexpr std::uint64_t kBuckets = 1'024;
  return tag_of(
      Group::filter,
      std::string(content_type).append(1, '\0').append(std::to_string(value.hash % kBuckets)));
}

Tag any_list_tag() {
  return tag_of(Group::any_list);
}

Tag inclusion_tag() {
  return tag_of(Group::inclusion);
}

Tag asset_tag(std::string_view uid) {
  return tag_of(Group::asset, uid);
}

Tag missing_asset_tag() {
  return tag_of(Group::missing_asset);
}

Tag asset_list_tag() {
  return tag_of(Group::asset_list);
}

Tag schema_tag(std::string_view content_type) {
  return tag_of(Group::schema, content_type);
}

Tag schema_list_tag() {
  return tag_of(Group::schema_list);
}

Tag any_schema_tag() {
  return tag_of(Group::any_schema);
}

Tag global_field_tag(std::string_view uid) {
  return tag_of(Group::global_field, uid);
}

Tag global_field_list_tag() {
  return tag_of(Group::global_field_list);
}

Tag taxonomy_tag(std::string_view uid) {
  return tag_of(Group::taxonomy, uid);
}

Tag any_taxonomy_tag() {
  return tag_of(Group::any_taxonomy);
}

Tag unknown_tag() {
  return tag_of(Group::unknown);
}

}  // namespace larder
