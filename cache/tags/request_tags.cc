// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/request_tags.h"

#include <algorithm>
#include <array>
#include <vector>

#include "cache/request/query_string.h"

namespace larder {
namespace {

/// Of the path below `/v3/`.
std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty() && path.front() == '/') {
    path.remove_prefix(1);
    const auto end = path.find('/');
    segments.push_back(percent_decoded(path.substr(0, end)));
    path = end == std::string_view::npos ? std::string_view{} : path.substr(end);
  }
  if (!segments.empty()) segments.erase(segments.begin());
  return segments;
}

/// What the query asks for besides.
struct QueryTraits {
  bool crosses_references = false;  ///< its filters look into entries of other content types
  bool uses_taxonomies = false;
  bool has_schema = false;
  bool includes_references = false;
  bool includes_embedded = false;
  bool shows_parts = false;  ///< not each member of what it shows
  /// A list may change by entries that go, or do not pass its filter any more, without being shown:
  /// it skips some, or counts all.
  bool looks_past = false;
  bool falls_back = false;  ///< an entry that goes may be shown in another locale instead
  std::optional<RequiredValues> required;
};

/// With these, a list is the first of what its filter selects, in the order of its own fields.
bool keeps_to_the_front(std::string_view name, std::string_view value) {
  if (name == "include_fallback" || (name == "skip" && value == "0")) return true;
  static constexpr std::array<std::string_view, 17> kNames{"environment",
                                                           "locale",
                                                           "branch",
                                                           "query",
                                                           "limit",
                                                           "asc",
                                                           "desc",
                                                           "include",
                                                           "include_all",
                                                           "include_all_depth",
                                                           "include_schema",
                                                           "include_content_type",
                                                           "include_global_field_schema",
                                                           "include_dimension",
                                                           "include_branch",
                                                           "include_metadata",
                                                           "include_reference_content_type_uid"};
  for (const std::string_view group : {"include[", "only[", "except[", "include_embedded_items"}) {
    if (name.starts_with(group)) return true;
  }
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

/// A dot that may lead into a referenced entry (`author.title`), and not into a taxonomy.
bool has_foreign_dot(std::string_view filter) {
  for (auto at = filter.find('.'); at != filter.npos; at = filter.find('.', at + 1)) {
    if (!filter.substr(0, at).ends_with("\"taxonomies")) return true;
  }
  return false;
}

void read_filter(const std::string& filter, QueryTraits& traits) {
  const auto has = [&](std::string_view word) { return filter.find(word) != std::string::npos; };
  const bool veiled = has("\\u");  // any character may be written so
  traits.crosses_references |=
      veiled || has("$in_query") || has("$nin_query") || has_foreign_dot(filter);
  traits.uses_taxonomies |= veiled || has("taxonomies");
  traits.required = RequiredValues::of_filter(filter);
}

QueryTraits traits_of(std::string_view query) {
  QueryTraits traits;
  QueryPair pair;
  unsigned filters = 0;
  while (take_pair(query, pair)) {
    const std::string name = percent_decoded(pair.name);
    const std::string value = percent_decoded(pair.value);
    if (!keeps_to_the_front(name, value)) traits.looks_past = true;
    if (name == "include_fallback") traits.falls_back = true;
    if (name == "asc" || name == "desc") {
      traits.crosses_references |= value.find('.') != std::string::npos;
    }
    if (name == "query") {
      read_filter(value, traits);
      ++filters;
    }
    if (name == "include" || name.starts_with("include[") || name == "include_all") {
      traits.includes_references = true;
    }
    if (name.starts_with("include_embedded_items")) traits.includes_embedded = true;
    if (name.starts_with("only") || name.starts_with("except")) traits.shows_parts = true;
    if (name.starts_with("include_schema") || name.starts_with("include_content_type") ||
        name.starts_with("include_global_field_schema")) {
      traits.has_schema = true;
    }
  }
  if (filters > 1) traits.required.reset();  // which of them counts?
  return traits;
}

Inclusion inclusion_of(const QueryTraits& traits) {
  if (!traits.includes_references && !traits.includes_embedded) return Inclusion::none;
  if (traits.includes_embedded || traits.shows_parts) return Inclusion::parts;
  return Inclusion::references;
}

/// A list that was found: what may come into it, or be felt when it goes without being shown.
void add_list(const std::string& type, const QueryTraits& traits, TagSet& tags) {
  if (traits.looks_past) return tags.add(list_tag(type));
  if (!traits.required) {
    // What goes in one language may leave what takes its place in another.
    return tags.add(traits.falls_back ? list_tag(type) : arrival_tag(type));
  }
  if (traits.falls_back) tags.add(departure_tag(type));
  tags.add(filtered_tag(type));
  tags.add(filter_tag(type, any_value(traits.required->field)));
  for (const FieldValue value : traits.required->values) tags.add(filter_tag(type, value));
}

void add_entries_path(const std::vector<std::string>& segments, bool found,
                      const QueryTraits& traits, TagSet& tags) {
  const std::string& type = segments[1];
  const bool is_entry = segments.size() == 4;
  if (is_entry) {
    tags.add_reference(type, segments[3]);
    if (found) return;
  }
  tags.add_content(type);
  if (found && segments.size() == 3) return add_list(type, traits, tags);
  if (!is_entry) tags.add(list_tag(type));
  if (!found) tags.add(schema_tag(type));
}

void add_content_types_path(const std::vector<std::string>& segments, bool found,
                            const QueryTraits& traits, TagSet& tags) {
  if (segments.size() > 2) {
    add_entries_path(segments, found, traits, tags);
    if (!traits.has_schema) return;
    tags.add(any_schema_tag());
    return tags.add(schema_tag(segments[1]));
  }
  tags.add(any_schema_tag());
  tags.add(segments.size() == 2 ? schema_tag(segments[1]) : schema_list_tag());
}

void add_taxonomies_path(const std::vector<std::string>& segments, TagSet& tags) {
  if (segments.size() < 2) return tags.add(any_taxonomy_tag());
  if (segments[1] != "entries") return tags.add(taxonomy_tag(segments[1]));
  tags.add(any_taxonomy_tag());
  tags.add(any_list_tag());
}

}  // namespace

std::string content_type_of(std::string_view path) {
  const auto segments = segments_of(path);
  return segments.size() > 1 && segments[0] == "content_types" ? segments[1] : std::string();
}

std::optional<RequiredValues> required_values_of(std::string_view query) {
  return traits_of(query).required;
}

bool may_include(std::string_view query) {
  const QueryTraits traits = traits_of(query);
  return traits.includes_references || traits.includes_embedded || traits.looks_past;
}

Inclusion add_request_tags(const CanonicalRequest& request, bool found, TagSet& tags) {
  const auto segments = segments_of(request.path);
  QueryTraits traits = traits_of(request.query);
  // A variant, or what is not released yet, may have other values than the entry as it is
  // published.
  if (!request.variants.empty() || !request.early_access.empty()) traits.required.reset();
  if (traits.crosses_references) tags.add(any_list_tag());
  if (traits.uses_taxonomies) tags.add(any_taxonomy_tag());
  const std::string module = segments.empty() ? std::string() : segments[0];
  if (module == "content_types") {
    add_content_types_path(segments, found, traits, tags);
  } else if (module == "assets") {
    if (segments.size() > 1) tags.add_asset(segments[1]);
    if (segments.size() < 2 || !found) tags.add(asset_list_tag());
  } else if (module == "global_fields") {
    tags.add(segments.size() > 1 ? global_field_tag(segments[1]) : global_field_list_tag());
    if (!found) tags.add(global_field_list_tag());
  } else if (module == "taxonomies") {
    add_taxonomies_path(segments, tags);
  } else {
    tags.add(unknown_tag());  // sync, and what is not known yet
  }
  return inclusion_of(traits);
}

}  // namespace larder
