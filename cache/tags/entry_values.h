// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/body/json_events.h"
#include "cache/body/json_text_buffer.h"
#include "cache/tags/field_value.h"

namespace larder {

/// Collects the values of an entry's own fields, by which filters select it (RequiredValues). Takes
/// the JSON text of an answer that shows the one entry: its members are at depth 2.
class EntryValues final : public JsonEvents {
 public:
  static constexpr std::size_t kMostValues = 128;

  void on_open(JsonContainer container, unsigned depth) override;
  void on_close(JsonContainer, unsigned) override {}
  void on_text(JsonText kind, std::string_view part, bool last, unsigned depth) override;
  void on_literal(JsonLiteral literal, unsigned depth) override;

  /// All of them; nothing = they were too many, or a name was too long. Once.
  std::optional<std::vector<FieldValue>> take();

 private:
  static constexpr unsigned kMember = 2;

  bool is_value(unsigned depth) const {
    return depth == kMember || (depth == kMember + 1 && in_list_);
  }
  void add(FieldValue value);

  JsonTextBuffer key_{kMostValueBytes};
  JsonTextBuffer text_{kMostValueBytes};
  bool in_list_ = false;  ///< the last member is an array
  bool whole_ = true;
  std::vector<FieldValue> values_;
};

}  // namespace larder
