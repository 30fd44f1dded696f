// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cache/body/json_events.h"

namespace larder {

/// Tells two readers of the same text, which outlive it.
class JsonPair final : public JsonEvents {
 public:
  JsonPair(JsonEvents& first, JsonEvents& second) : first_(first), second_(second) {}

  void on_open(JsonContainer container, unsigned depth) override {
    first_.on_open(container, depth);
    second_.on_open(container, depth);
  }
  void on_close(JsonContainer container, unsigned depth) override {
    first_.on_close(container, depth);
    second_.on_close(container, depth);
  }
  void on_text(JsonText kind, std::string_view part, bool last, unsigned depth) override {
    first_.on_text(kind, part, last, depth);
    second_.on_text(kind, part, last, depth);
  }
  void on_literal(JsonLiteral literal, unsigned depth) override {
    first_.on_literal(literal, depth);
    second_.on_literal(literal, depth);
  }

 private:
  JsonEvents& first_;
  JsonEvents& second_;
};

}  // namespace larder
