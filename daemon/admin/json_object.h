// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "conf/base/json_text.h"
#include "conf/base/redact.h"

namespace larder {

/// Appends a JSON object to a text: it is open until this ends. Texts are redacted.
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += "{"; }
  ~JsonObject() { out_ += "}"; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;

  /// For a value of another kind, to be appended to what it returns.
  std::string& member(std::string_view name) {
    if (out_.back() != '{') out_ += ",";
    return out_.append("\"").append(name).append("\":");
  }
  void text(std::string_view name, std::string_view value) {
    append_json_string(member(name), redact(value));
  }
  void text_if_any(std::string_view name, std::string_view value) {
    if (!value.empty()) text(name, value);
  }
  void number(std::string_view name, std::int64_t value) { member(name) += std::to_string(value); }
  void flag(std::string_view name, bool value) { member(name) += value ? "true" : "false"; }
  void texts(std::string_view name, const std::vector<std::string>& values) {
    std::string& out = member(name) += "[";
    for (const std::string& value : values) {
      if (out.back() != '[') out += ",";
      append_json_string(out, redact(value));
    }
    out += "]";
  }

 private:
  std::string& out_;
};

}  // namespace larder
