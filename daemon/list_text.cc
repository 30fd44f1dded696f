// SPDX-License-Identifier: Apache-2.0
#include "daemon/list_text.h"

#include <algorithm>

#include "daemon/json_fields.h"
#include "daemon/object_lines.h"

namespace larder {
namespace {

using Json = nlohmann::json;

std::string column(std::string text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text + "  ";
}

std::string state_word(const Json& object) {
  const std::string state = text_of(object, "state");
  return is_set(object, "purged") && state != "unused" ? state + "*" : state;
}

void append_row(std::string& out, const Json& object) {
  out.append(column(std::to_string(number_of(object, "bytes")), 11));
  out.append(column(seconds_of(object, "age_s"), 9));
  out.append(column(std::to_string(number_of(object, "uses")), 6));
  out.append(column(std::to_string(number_of(object, "status")), 3));
  std::string state = state_word(object);
  state.resize(std::max<std::size_t>(state.size(), 15), ' ');
  out.append(state).append("  ").append(url_text_of(object));
  if (text_of(object, "coding") == "gzip") out.append("  gzip");
  for (const char* name : {"variants", "early_access", "headers"}) {
    const std::string value = text_of(object, name);
    if (!value.empty()) out.append("  ").append(name).append("=").append(value);
  }
  out.append("\n");
}

}  // namespace

std::optional<ScopeWords> scope_of_text(std::string_view text) {
  const auto first = text.find('/');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = text.find('/', first + 1);
  ScopeWords words;
  words.api_key = text.substr(0, first);
  words.environment = text.substr(first + 1, second - first - 1);
  if (second != std::string_view::npos) {
    words.branch = text.substr(second + 1);
    if (words.branch.empty() || words.branch.find('/') != std::string::npos) return std::nullopt;
  }
  if (words.api_key.empty() || words.environment.empty()) return std::nullopt;
  return words;
}

std::optional<std::string> list_text(std::string_view json) {
  const Json all = Json::parse(json, nullptr, false);
  if (!all.is_object() || !all.contains("objects")) return std::nullopt;
  std::string out, scope;
  bool any_purged = false;
  for (const Json& object : list_of(all, "objects")) {
    if (!object.is_object()) continue;
    if (scope_text_of(object) != scope) {
      scope = scope_text_of(object);
      out.append(out.empty() ? "" : "\n").append(scope).append("\n");
      out.append(column("bytes", 11)).append(column("age", 9)).append(column("uses", 6));
      out.append("     state            url\n");
    }
    any_purged = any_purged || is_set(object, "purged");
    append_row(out, object);
  }
  if (any_purged) out.append("\n* purged since it was stored\n");
  if (is_set(all, "more"))
    out.append("\nThere are more: raise --limit, or narrow --scope or --tag.\n");
  return out;
}

}  // namespace larder
