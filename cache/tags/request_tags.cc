// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/request_tags.h"

#include <algorithm>
#include <array>
#include <vector>

#include "cache/request/query_string.h"

namespace larder {
namespace {

std::string decoded(std::string_view encoded) {
  std::string text(encoded.size(), '\0');
  text.resize(static_cast<std::size_t>(percent_decode(encoded, text.data()) - text.data()));
  return text;
}

/// Of the path below `/v3/`.
std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty() && path.front() == '/') {
    path.remove_prefix(1);
    const auto end = path.find('/');
    segments.push_back(decoded(path.substr(0, end)));
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
  /// A list may change by entries that go without being shown: it skips some, counts all, or shows
  /// those of another locale instead.
  bool feels_absence = false;
};

/// With these, a list is the first of what its filter selects, in the order of its own fields.
bool keeps_to_the_front(std::string_view name) {
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

QueryTraits traits_of(std::string_view query) {
  QueryTraits traits;
  QueryPair pair;
  while (take_pair(query, pair)) {
    const std::string name = decoded(pair.name);
    if (!keeps_to_the_front(name)) traits.feels_absence = true;
    if (name == "asc" || name == "desc") {
      traits.crosses_references |= decoded(pair.value).find('.') != std::string::npos;
    }
    if (name == "query") {
      const std::string filter = decoded(pair.value);
      const auto has = [&](std::string_view word) {
        return filter.find(word) != std::string::npos;
      };
      const bool veiled = has("\\u");  // any character may be written so
      traits.crosses_references |=
          veiled || has("$in_query") || has("$nin_query") || has_foreign_dot(filter);
      traits.uses_taxonomies |= veiled || has("taxonomies");
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
  return traits;
}

Inclusion inclusion_of(const QueryTraits& traits) {
  if (!traits.includes_references && !traits.includes_embedded) return Inclusion::none;
  if (traits.includes_embedded || traits.shows_parts) return Inclusion::parts;
  return Inclusion::references;
}

void add_entries_path(const std::vector<std::string>& segments, bool found,
                      const QueryTraits& traits, TagSet& tags) {
  const std::string& type = segments[1];
  if (segments.size() == 4) {
    tags.add_reference(type, segments[3]);
    if (found) return;
  }
  tags.add_content(type);
  const bool only_arrivals =
      found ? segments.size() == 3 && !traits.feels_absence : segments.size() == 4;
  tags.add(only_arrivals ? arrival_tag(type) : list_tag(type));
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

Inclusion add_request_tags(std::string_view path, std::string_view query, bool found,
                           TagSet& tags) {
  const auto segments = segments_of(path);
  const QueryTraits traits = traits_of(query);
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
