// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "cache/body/json_events.h"

namespace larder {

/// Reads the API's `error_code` from an error document: the first of that name in the outermost
/// object.
class ErrorCodeReader final : public JsonEvents {
 public:
  /// Of a document that was complete; 0 = it has none, or one that is no positive integer.
  int code() const { return code_; }

  void on_open(JsonContainer, unsigned depth) override { end_value(depth); }
  void on_close(JsonContainer, unsigned) override {}
  void on_text(JsonText kind, std::string_view part, bool last, unsigned depth) override;
  void on_literal(JsonLiteral, unsigned depth) override { end_value(depth); }

 private:
  enum class State : std::uint8_t { searching, found, done };
  void keep(std::string_view part);
  void end_value(unsigned depth);

  State state_ = State::searching;
  std::string text_;  ///< the beginning of the key or number at hand
  int code_ = 0;
};

}  // namespace larder
