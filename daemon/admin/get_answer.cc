// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/get_answer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "cache/request/query_string.h"
#include "conf/base/whole_number.h"
#include "daemon/admin/object_json.h"
#include "daemon/admin/tags_answer.h"

namespace larder {
namespace {

constexpr const char* kForm =
    "get takes url, and api_key, environment and branch to look there alone; object and piece for "
    "a part of a body";

/// `lines`: `Name: value\r\n` each. A line as a whole is redacted, for its name says what it is.
std::vector<std::string> field_lines(std::string_view lines) {
  std::vector<std::string> out;
  while (!lines.empty()) {
    const auto end = std::min(lines.find("\r\n"), lines.size());
    out.emplace_back(lines.substr(0, end));
    lines.remove_prefix(std::min(end + 2, lines.size()));
  }
  return out;
}

void append_object(std::string& out, const ListedObject& object, WallTime now) {
  JsonObject json(out);
  append_label(json, object.scope);
  append_variant(json, object);
  append_lifetime(json, object, now);
  json.flag("purged", object.purged);
  json.number("epoch", static_cast<std::int64_t>(object.epoch));
  json.text("kind", name_of(object.kind));
  json.number("uses", object.uses);
  json.text("key", key_text(object.key));
  json.texts("head", field_lines(object.fields));
  json.number("object", static_cast<std::int64_t>(object.sequence));
  json.number("bytes", static_cast<std::int64_t>(object.body_bytes));
  json.number("pieces", object.pieces);
}

}  // namespace

std::variant<GetQuestion, std::string> parse_get_query(std::string_view query,
                                                       const Config& config) {
  std::string rest;
  std::optional<std::uint64_t> object;
  std::optional<std::uint32_t> piece;
  QueryPair pair;
  for (std::string_view left = query; take_pair(left, pair);) {
    if (pair.name == "object") {
      if (object || !(object = whole_number<std::uint64_t>(pair.value))) return kForm;
    } else if (pair.name == "piece") {
      if (piece || !(piece = whole_number<std::uint32_t>(pair.value))) return kForm;
    } else {
      rest.append(rest.empty() ? "" : "&").append(pair.name).append("=").append(pair.value);
    }
  }
  if (object.has_value() != piece.has_value()) return kForm;
  auto order = parse_url_query(rest, config, kForm);
  if (auto* mistake = std::get_if<std::string>(&order)) return std::move(*mistake);
  GetQuestion question{std::move(std::get<PurgeOrder>(order)), std::nullopt};
  if (object) question.piece = {*object, *piece};
  return question;
}

std::string get_json(const PurgeOrder& order, const UrlListing& listing, std::string_view hint,
                     WallTime now) {
  return url_json(order, listing, hint, [now](std::string& out, const ListedObject& object) {
    append_object(out, object, now);
  });
}

}  // namespace larder
