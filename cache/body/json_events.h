// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace larder {

enum class JsonContainer : std::uint8_t { object, array };
enum class JsonText : std::uint8_t { key, string, number };
enum class JsonLiteral : std::uint8_t { null, false_value, true_value };

/// Takes what a JSON text is made of, in order, as JsonStream reads it. `depth` counts the
/// containers that are open around the event: 0 for the document itself, 1 for the keys and values
/// of the outermost object. The text may turn out to be broken later: use what was read only if the
/// stream is complete at its end.
class JsonEvents {
 public:
  virtual ~JsonEvents() = default;
  virtual void on_open(JsonContainer container, unsigned depth) = 0;
  virtual void on_close(JsonContainer container, unsigned depth) = 0;
  /// The next part of a key, string or number. Parts are as long as the input has them in one
  /// piece, perhaps empty, perhaps cut inside a character; `last` marks the end. Escapes are
  /// decoded to UTF-8, half of a surrogate pair to U+FFFD. `part` dies with the call.
  virtual void on_text(JsonText kind, std::string_view part, bool last, unsigned depth) = 0;
  virtual void on_literal(JsonLiteral literal, unsigned depth) = 0;
};

}  // namespace larder
