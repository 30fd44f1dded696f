// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/change.h"

#include <set>

namespace larder {
namespace {

/// By its uid, and what of its content type it may change.
std::vector<Tag> exact_tags_of_entry(const ContentChange& change) {
  using Action = ContentChange::Action;
  const std::string& type = change.content_type;
  std::vector<Tag> tags{entry_tag(change.uid), reference_tag(change.uid), list_tag(type)};
  if (change.action != Action::published) {
    tags.push_back(stub_tag(change.uid));
    tags.push_back(departure_tag(type));
  }
  if (change.action == Action::gone) return tags;
  tags.push_back(arrival_tag(type));
  if (change.action == Action::published && change.values) {
    for (const FieldValue value : *change.values) tags.push_back(filter_tag(type, value));
  } else {
    tags.push_back(filtered_tag(type));
  }
  return tags;
}

/// One that is published may fill a field that is null so far.
std::vector<Tag> exact_tags_of_asset(const ContentChange& change) {
  std::vector<Tag> tags{asset_tag(change.uid), asset_list_tag()};
  if (change.action != ContentChange::Action::gone) tags.push_back(missing_asset_tag());
  return tags;
}

std::vector<Tag> tags_of_asset(const ContentChange& change) {
  std::vector<Tag> tags = exact_tags_of_asset(change);
  tags.push_back(unknown_tag());
  return tags;
}

std::vector<Tag> tags_of_entry(const ContentChange& change) {
  std::vector<Tag> tags = exact_tags_of_entry(change);
  tags.push_back(any_list_tag());
  tags.push_back(unknown_tag());
  if (change.action != ContentChange::Action::gone) tags.push_back(inclusion_tag());
  return tags;
}

}  // namespace

const char* name_of(ContentChange::What what) {
  switch (what) {
    case ContentChange::What::entry:
      return "entry";
    case ContentChange::What::asset:
      return "asset";
    case ContentChange::What::content_type:
      return "content_type";
    case ContentChange::What::global_field:
      return "global_field";
    case ContentChange::What::taxonomy:
      return "taxonomy";
  }
  return "?";
}

std::optional<ContentChange::What> content_named(std::string_view name) {
  using What = ContentChange::What;
  for (const What what :
       {What::entry, What::asset, What::content_type, What::global_field, What::taxonomy}) {
    if (name == name_of(what)) return what;
  }
  return std::nullopt;
}

void add_content_types(std::vector<ContentChange>& changes) {
  std::set<std::string> types;
  for (const ContentChange& change : changes) {
    if (change.what == ContentChange::What::entry) types.insert(change.content_type);
  }
  for (const std::string& type : types) {
    changes.push_back({ContentChange::What::content_type, {}, type});
  }
}

std::vector<Tag> tags_of(const ContentChange& change) {
  switch (change.what) {
    case ContentChange::What::entry:
      return tags_of_entry(change);
    case ContentChange::What::asset:
      return tags_of_asset(change);
    case ContentChange::What::content_type:
      return {content_tag(change.uid),  list_tag(change.uid), arrival_tag(change.uid),
              filtered_tag(change.uid), any_list_tag(),       schema_tag(change.uid),
              schema_list_tag(),        unknown_tag()};
    case ContentChange::What::global_field:
      return {global_field_tag(change.uid), global_field_list_tag(), any_schema_tag(),
              unknown_tag()};
    case ContentChange::What::taxonomy:
      return {taxonomy_tag(change.uid), any_taxonomy_tag(), unknown_tag()};
  }
  return {unknown_tag()};
}

std::vector<Tag> exact_tags_of(const ContentChange& change) {
  switch (change.what) {
    case ContentChange::What::entry:
      return exact_tags_of_entry(change);
    case ContentChange::What::asset:
      return exact_tags_of_asset(change);
    case ContentChange::What::content_type:
    case ContentChange::What::global_field:
    case ContentChange::What::taxonomy:
      return {};
  }
  return {};
}

}  // namespace larder
