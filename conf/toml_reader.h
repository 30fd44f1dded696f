// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "conf/mistake.h"

/// TOML as a plain tree with line numbers. The only place that knows the TOML library.
namespace larder {

struct TomlValue {
  enum class Type : std::uint8_t { text, integer, real, boolean, array, table, other };
  Type type = Type::other;
  int line = 0;      ///< of the key, or of the value in an array; from 1
  std::string key;   ///< inside its table; empty in an array
  std::string path;  ///< keys from the root, "stack.scope.branches"; arrays add nothing
  std::string text;
  std::int64_t integer = 0;
  double real = 0;
  bool boolean = false;
  std::vector<TomlValue> children;  ///< of a table (in the order of the file) or an array

  /// The member of a table, or nullptr.
  const TomlValue* find(std::string_view member) const;
};

/// The root table, or the first thing that is no TOML (a key given twice, too).
std::variant<TomlValue, Mistake> read_toml(std::string_view text);

/// "a text", "an array", ... for messages.
std::string_view type_name(TomlValue::Type type);

}  // namespace larder
