// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "cache/body/json_events.h"
#include "cache/body/json_text_buffer.h"

namespace larder {

/// Reads what tells an error document of the API from its content: the first `error_code` in the
/// outermost object, and whether that object has anything in it.
class ErrorCodeReader final : public JsonEvents {
 public:
  /// Of a document that was complete; 0 = it has none, or one that is no positive integer.
  int code() const { return code_; }
  /// Of a document that was complete: it has an `error_code`, or is `{}`.
  bool is_no_content() const { return state_ != State::searching || (object_ && !has_key_); }

  void on_open(JsonContainer container, unsigned depth) override {
    if (depth == 0) object_ = container == JsonContainer::object;
    end_value(depth);
  }
  void on_close(JsonContainer, unsigned) override {}
  void on_text(JsonText kind, std::string_view part, bool last, unsigned depth) override;
  void on_literal(JsonLiteral, unsigned depth) override { end_value(depth); }

 private:
  enum class State : std::uint8_t { searching, found, done };
  /// Longer than the name, and than any number that is taken.
  static constexpr std::size_t kMostText = 15;
  void end_value(unsigned depth);

  State state_ = State::searching;
  bool object_ = false;   ///< the document is one
  bool has_key_ = false;  ///< it has a member
  JsonTextBuffer text_{kMostText};
  int code_ = 0;
};

}  // namespace larder
