// SPDX-License-Identifier: Apache-2.0
#include "daemon/tags_text.h"

#include <cstdint>

#include "daemon/json_fields.h"
#include "daemon/printable.h"

namespace larder {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLineWidth = 90;

std::string part(const std::string& text) {
  return text.empty() ? "-" : text;
}

std::string state_text(const Json& object) {
  const std::string state = text_of(object, "state");
  if (state == "unused") return "purged hard, or damaged: not used any more";
  const std::string before = is_set(object, "purged") ? "purged, " : "";
  if (state == "fresh") return "fresh until " + text_of(object, "fresh_until");
  if (state == "stale") return before + "stale: goes out once more while its refresh runs";
  if (state == "stale_if_error") return before + "stale: goes out when the origin fails";
  return before + state;
}

void append_line(std::string& out, const char* name, const std::string& value) {
  if (value.empty()) return;
  std::string label = name;
  label.resize(10, ' ');
  out.append("  ").append(label).append(value).append("\n");
}

/// Several on a line, as many as fit.
void append_tags(std::string& out, const Json& object) {
  const auto tags = object.find("tags");
  std::string line;
  const char* name = "tags";
  if (tags != object.end() && tags->is_array()) {
    for (const Json& one : *tags) {
      if (!one.is_string()) continue;
      const std::string tag = printable(one.get<std::string>());
      if (!line.empty() && line.size() + 2 + tag.size() > kLineWidth) {
        append_line(out, name, line);
        name = "";
        line.clear();
      }
      line.append(line.empty() ? "" : "  ").append(tag);
    }
  }
  append_line(out, name, line);
  const std::uint64_t unnamed = number_of(object, "unnamed_tags");
  if (unnamed > 0) {
    append_line(out, line.empty() ? "tags" : "",
                "and " + std::to_string(unnamed) + " whose names are not in what was read");
  }
}

void append_object(std::string& out, const Json& object) {
  out.append("\n").append(part(text_of(object, "api_key")));
  out.append(" / ").append(part(text_of(object, "environment")));
  out.append(" / ").append(part(text_of(object, "branch"))).append("\n");
  append_line(out, "state", state_text(object));
  std::string answer = std::to_string(number_of(object, "status"));
  answer.append(", ").append(text_of(object, "coding"));
  answer.append(", ").append(std::to_string(number_of(object, "bytes"))).append(" bytes");
  append_line(out, "answer", answer);
  std::string stored = text_of(object, "stored");
  stored.append(", after purge ").append(std::to_string(number_of(object, "epoch")));
  append_line(out, "stored", stored);
  append_line(out, "variants", text_of(object, "variants"));
  append_line(out, "access", text_of(object, "early_access"));
  append_line(out, "headers", text_of(object, "headers"));
  append_tags(out, object);
}

}  // namespace

std::optional<std::string> tags_text(std::string_view json) {
  const Json all = Json::parse(json, nullptr, false);
  if (!all.is_object()) return std::nullopt;
  const auto objects = all.find("objects");
  if (objects == all.end() || !objects->is_array()) return std::nullopt;
  std::string out = text_of(all, "path");
  const std::string query = text_of(all, "query");
  if (!query.empty()) out.append("?").append(query);
  out.append("\n");
  for (const Json& object : *objects) {
    if (object.is_object()) append_object(out, object);
  }
  if (is_set(all, "more")) out.append("\nThere are more: name a branch or an environment.\n");
  return out;
}

}  // namespace larder
