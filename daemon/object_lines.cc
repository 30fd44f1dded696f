// SPDX-License-Identifier: Apache-2.0
#include "daemon/object_lines.h"

namespace larder {
namespace {

using Json = nlohmann::json;

std::string part(const std::string& text) {
  return text.empty() ? "-" : text;
}

}  // namespace

std::string scope_text_of(const Json& object) {
  return part(text_of(object, "api_key")) + " / " + part(text_of(object, "environment")) + " / " +
         part(text_of(object, "branch"));
}

std::string url_text_of(const Json& object) {
  const std::string query = text_of(object, "query");
  return text_of(object, "path") + (query.empty() ? "" : "?" + query);
}

std::string state_text_of(const Json& object) {
  const std::string state = text_of(object, "state");
  if (state == "unused") return "purged hard, or damaged: not used any more";
  const std::string before = is_set(object, "purged") ? "purged, " : "";
  if (state == "stale_if_error") return before + "stale: goes out when the origin fails";
  return before + state;
}

std::string answer_text_of(const Json& object) {
  return std::to_string(number_of(object, "status")) + ", " + text_of(object, "coding") + ", " +
         std::to_string(number_of(object, "bytes")) + " bytes, " + text_of(object, "kind");
}

std::string seconds_of(const Json& object, const char* name) {
  return std::to_string(signed_of(object, name)) + " s";
}

std::string left_of(const Json& object, const char* name) {
  return signed_of(object, name) > 0 ? "for " + seconds_of(object, name) : "no more";
}

void append_label(std::string& out, const char* name, const std::string& value) {
  if (value.empty()) return;
  std::string label = name;
  label.resize(10, ' ');
  out.append("  ").append(label).append(value).append("\n");
}

}  // namespace larder
