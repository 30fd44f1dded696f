// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/entry_values.h"

#include <algorithm>
#include <utility>

namespace larder {

/// Of what lies in a group or is shown whole, it is not known what a filter by the field selects.
void EntryValues::on_open(JsonContainer container, unsigned depth) {
  if (depth == kMember) in_list_ = container == JsonContainer::array;
  const bool is_list = depth == kMember && in_list_;
  if (is_value(depth) && !is_list) add(any_value(key_.text()));
}

void EntryValues::on_text(JsonText kind, std::string_view part, bool last, unsigned depth) {
  if (kind == JsonText::key) {
    if (depth == kMember && key_.add(part, last)) whole_ = whole_ && !key_.cut();
    return;
  }
  if (!is_value(depth) || !text_.add(part, last)) return;
  add(text_.cut() ? any_value(key_.text()) : field_value(key_.text(), text_.text()));
}

void EntryValues::on_literal(JsonLiteral literal, unsigned depth) {
  if (!is_value(depth)) return;
  add(field_value(key_.text(), literal));
  // A filter may ask for a truth value by a number.
  if (literal == JsonLiteral::true_value) add(field_value(key_.text(), "1"));
}

void EntryValues::add(FieldValue value) {
  if (std::find(values_.begin(), values_.end(), value) != values_.end()) return;
  if (values_.size() == kMostValues) {
    whole_ = false;
  } else {
    values_.push_back(value);
  }
}

std::optional<std::vector<FieldValue>> EntryValues::take() {
  auto values = std::exchange(values_, {});
  if (!std::exchange(whole_, true)) return std::nullopt;
  return values;
}

}  // namespace larder
