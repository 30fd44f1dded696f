// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/tag_names.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cache/request/query_string.h"
#include "cache/tags/request_tags.h"
#include "cache/tags/tag.h"
#include "cache/tags/tag_set.h"

namespace larder {
namespace {

struct NamedKind {
  const char* kind;
  Tag (*tag)(std::string_view name);
};

constexpr std::array<NamedKind, 12> kNamedKinds{{{"entry", entry_tag},
                                                 {"reference", reference_tag},
                                                 {"stub", stub_tag},
                                                 {"content-type", content_tag},
                                                 {"list", list_tag},
                                                 {"arrival", arrival_tag},
                                                 {"departure", departure_tag},
                                                 {"filtered", filtered_tag},
                                                 {"asset", asset_tag},
                                                 {"schema", schema_tag},
                                                 {"global-field", global_field_tag},
                                                 {"taxonomy", taxonomy_tag}}};

struct NamelessKind {
  const char* kind;
  Tag (*tag)();
};

constexpr std::array<NamelessKind, 9> kNamelessKinds{{{"any-list", any_list_tag},
                                                      {"inclusion", inclusion_tag},
                                                      {"missing-asset", missing_asset_tag},
                                                      {"asset-list", asset_list_tag},
                                                      {"schema-list", schema_list_tag},
                                                      {"any-schema", any_schema_tag},
                                                      {"global-field-list", global_field_list_tag},
                                                      {"any-taxonomy", any_taxonomy_tag},
                                                      {"anything", unknown_tag}}};

}  // namespace

TagNames::TagNames(std::string_view carried) {
  const std::size_t count = tag_count(carried);
  unnamed_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) unnamed_.insert(tag_at(carried, i).hash);
  for (const NamelessKind& one : kNamelessKinds) {
    if (unnamed_.erase(one.tag().hash) > 0) names_.emplace_back(one.kind);
  }
}

void TagNames::try_name(std::string_view name) {
  for (const NamedKind& one : kNamedKinds) {
    if (unnamed_.erase(one.tag(name).hash) == 0) continue;
    names_.emplace_back(one.kind).append(":").append(name);
  }
}

/// `filter:blog.url`: what has certain values in this field comes into the list.
void TagNames::try_request(std::string_view path, std::string_view query) {
  try_path(path);
  const std::string type = content_type_of(path);
  const auto required = required_values_of(query);
  if (type.empty() || !required) return;
  bool carried = unnamed_.erase(filter_tag(type, any_value(required->field)).hash) > 0;
  for (const FieldValue value : required->values) {
    carried = unnamed_.erase(filter_tag(type, value).hash) > 0 || carried;
  }
  if (carried) names_.push_back("filter:" + type + "." + required->field);
}

void TagNames::try_path(std::string_view path) {
  while (!path.empty()) {
    const auto end = path.find('/');
    const std::string_view segment = path.substr(0, end);
    try_name(percent_decoded(segment));
    path = end == std::string_view::npos ? std::string_view{} : path.substr(end + 1);
  }
}

void TagNames::on_text(JsonText kind, std::string_view part, bool last, unsigned) {
  if (unnamed_.empty() || kind == JsonText::key) return;
  if (text_.add(part, last) && !text_.cut()) try_name(text_.text());
}

std::vector<std::string> TagNames::take() {
  std::sort(names_.begin(), names_.end());
  return std::exchange(names_, {});
}

std::optional<Tag> tag_named(std::string_view name) {
  const auto colon = name.find(':');
  std::string kind(name.substr(0, colon));
  std::replace(kind.begin(), kind.end(), '_', '-');
  if (colon == std::string_view::npos) {
    for (const NamelessKind& one : kNamelessKinds) {
      if (kind == one.kind) return one.tag();
    }
    return std::nullopt;
  }
  name.remove_prefix(colon + 1);
  if (kind == "entry") name.remove_prefix(name.find('/') + 1);  // npos + 1 is 0
  if (name.empty()) return std::nullopt;
  for (const NamedKind& one : kNamedKinds) {
    if (kind == one.kind) return one.tag(name);
  }
  return std::nullopt;
}

}  // namespace larder
