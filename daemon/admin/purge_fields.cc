// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/purge_fields.h"

#include <algorithm>
#include <array>
#include <functional>

#include "cache/body/json_events.h"
#include "cache/body/json_stream.h"
#include "cache/body/json_text_buffer.h"
#include "cache/request/query_string.h"
#include "conf/base/redact.h"
#include "conf/nearest.h"

namespace larder {
namespace {

constexpr std::array<std::string_view, 16> kNames = {
    "tag",    "entry",       "asset",   "content_type", "global_field", "taxonomy",
    "url",    "path_prefix", "scope",   "all",          "api_key",      "environment",
    "branch", "hard",        "dry_run", "no_count"};
constexpr const char* kNoObject = "the body is no JSON object, as {\"entry\":\"blog/blt1\"}";
/// Of the form with `what`, in a query only.
constexpr std::array<std::string_view, 2> kQueryNames = {"what", "uid"};

bool is_flag(std::string_view name) {
  return name == "scope" || name == "all" || name == "hard" || name == "dry_run" ||
         name == "no_count";
}

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// A name that somebody has sent: it may be anything, even a token in the wrong place.
std::string shown(std::string_view name) {
  constexpr std::size_t kMostShown = 64;
  return "\"" + redact(name).substr(0, kMostShown) + "\"";
}

/// What is wrong with one more field, or "".
std::string add_field(std::string_view name, std::string value, bool in_query,
                      PurgeFields& fields) {
  if (!contains(kNames, name) && !(in_query && contains(kQueryNames, name))) {
    std::string text = shown(name) + " is no field of purge";
    const auto nearest = nearest_name(name, {kNames.begin(), kNames.end()});
    if (!nearest.empty()) text.append("; did you mean \"").append(nearest).append("\"?");
    text += " Known are";
    for (const std::string_view known : kNames) text.append(" ").append(known);
    return text;
  }
  const std::string quoted = "\"" + std::string(name) + "\"";
  if (value.empty()) return quoted + " of purge is empty";
  if (is_flag(name) && value != "0" && value != "1") {
    return quoted + (in_query ? " of purge is 0 or 1" : " of purge is true or false");
  }
  if (!fields.emplace(name, std::move(value)).second) {
    return quoted + " of purge is there twice; ask once for each";
  }
  return {};
}

/// Of an object with texts and flags; anything else is a mistake.
class FieldReader final : public JsonEvents {
 public:
  void on_open(JsonContainer container, unsigned depth) override {
    if (depth == 0 && container == JsonContainer::object) return;
    complain(depth == 0 ? kNoObject : named("takes no object and no array"));
  }
  void on_close(JsonContainer, unsigned) override {}
  void on_text(JsonText kind, std::string_view part, bool last, unsigned depth) override {
    if (!text_.add(part, last)) return;
    if (depth == 0) return complain(kNoObject);
    if (depth > 1) return;
    if (text_.cut()) return complain(named("is too long"));
    if (kind == JsonText::key) {
      name_ = text_.text();
    } else if (kind == JsonText::number || is_flag(name_)) {
      complain(named(is_flag(name_) ? "is true or false, without quotes" : "is a text"));
    } else {
      complain(add_field(name_, text_.text(), false, fields));
    }
  }
  void on_literal(JsonLiteral literal, unsigned depth) override {
    if (depth == 0) return complain(kNoObject);
    if (depth > 1) return;
    if (literal == JsonLiteral::null || !is_flag(name_)) {
      // An unknown name is told as such.
      const std::string unknown = add_field(name_, "0", false, fields);
      return complain(contains(kNames, name_) ? named("is a text in quotes") : unknown);
    }
    complain(add_field(name_, literal == JsonLiteral::true_value ? "1" : "0", false, fields));
  }

  PurgeFields fields;
  std::string mistake;  ///< the first one

 private:
  static constexpr std::size_t kMostText = 16 * 1'024;
  std::string named(std::string_view what) const {
    return shown(name_) + " of purge " + std::string(what);
  }
  void complain(std::string text) {
    if (mistake.empty()) mistake = std::move(text);
  }

  JsonTextBuffer text_{kMostText};
  std::string name_;
};

}  // namespace

std::variant<PurgeFields, std::string> purge_fields_of_query(std::string_view query) {
  PurgeFields fields;
  QueryPair pair;
  while (take_pair(query, pair)) {
    std::string mistake = add_field(pair.name, percent_decoded(pair.value), true, fields);
    if (!mistake.empty()) return mistake;
  }
  return fields;
}

std::variant<PurgeFields, std::string> purge_fields_of_json(std::string_view json) {
  FieldReader reader;
  JsonStream stream(&reader);
  const bool whole = stream.feed(json) && stream.finish();
  if (!reader.mistake.empty()) return reader.mistake;
  if (!whole) return kNoObject;
  return std::move(reader.fields);
}

}  // namespace larder
