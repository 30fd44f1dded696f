// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/raw_entry_finder.h"

#include <utility>

namespace larder {

std::optional<RawEntry> RawEntryFinder::take() {
  return std::exchange(found_, std::nullopt);
}

std::optional<std::vector<FieldValue>> RawEntryFinder::take_values() {
  return std::exchange(values_, std::nullopt);
}

/// The outermost container is no member; of the others, each must lie in the one before.
void RawEntryFinder::on_open(JsonContainer container, unsigned depth) {
  if (inside()) {
    arrays_.resize(depth_inside(depth));
    arrays_.push_back(container == JsonContainer::array);
    reading_values_.on_open(container, depth_inside(depth));
    return finder_->on_open(container, depth_inside(depth));
  }
  if (depth == 0 || depth != matched_ + 1) return;
  const std::string_view wanted = path_[matched_];
  const bool next_is_element = matched_ + 1 < path_.size() && path_[matched_ + 1].empty();
  const bool is_array = container == JsonContainer::array;
  if ((!wanted.empty() && wanted != key_) || is_array != next_is_element) return;
  if (++matched_ == path_.size()) begin();
}

void RawEntryFinder::on_close(JsonContainer container, unsigned depth) {
  if (inside()) {
    finder_->on_close(container, depth_inside(depth));
    if (depth > path_.size()) return;
    end();
  }
  if (depth > 0 && depth == matched_) --matched_;
}

void RawEntryFinder::on_text(JsonText kind, std::string_view part, bool last, unsigned depth) {
  const bool is_key = kind == JsonText::key && depth == matched_ + 1;
  if (is_key && text_.add(part, last)) {
    key_ = text_.text();
    if (inside() && key_ == "created_by") names_creator_ = true;
  }
  if (!inside()) return;
  finder_->on_text(kind, part, last, depth_inside(depth));
  reading_values_.on_text(kind, part, last, depth_inside(depth));
  if (kind == JsonText::string) take_text(part, last, depth_inside(depth));
}

void RawEntryFinder::take_text(std::string_view part, bool last, unsigned depth) {
  if (depth > arrays_.size() || !arrays_[depth - 1] || !value_.add(part, last)) return;
  if (!value_.cut()) tags_.add_reference(reference_tag(value_.text()));
}

void RawEntryFinder::on_literal(JsonLiteral literal, unsigned depth) {
  if (!inside()) return;
  finder_->on_literal(literal, depth_inside(depth));
  reading_values_.on_literal(literal, depth_inside(depth));
}

/// The TagFinder is made to see an answer that shows this entry.
void RawEntryFinder::begin() {
  tags_ = {};
  names_creator_ = false;
  found_.reset();
  values_.reset();
  reading_values_ = {};
  arrays_.assign(2, false);  // the answer, and the entry
  finder_.emplace("", true, tags_);
  finder_->on_open(JsonContainer::object, 0);
  finder_->on_text(JsonText::key, "entry", true, 1);
  finder_->on_open(JsonContainer::object, 1);
}

void RawEntryFinder::end() {
  finder_.reset();
  values_ = reading_values_.take();
  const auto shown = tags_.take_shown();
  const auto entries = tags_.entries();
  // What lies in it has ended before it.
  if (shown && !shown->empty() && entries) found_ = RawEntry{shown->back(), {}, *entries};
}

}  // namespace larder
