// SPDX-License-Identifier: Apache-2.0
#include "cache/body/error_code.h"

#include <algorithm>
#include <charconv>

namespace larder {
namespace {

constexpr std::string_view kName = "error_code";

/// The whole text as a positive integer, or 0.
int positive(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::max(value, 0) : 0;
}

}  // namespace

void ErrorCodeReader::on_text(JsonText kind, std::string_view part, bool last, unsigned depth) {
  if (depth != 1 || state_ == State::done) return;
  if (!text_.add(part, last)) return;
  if (kind == JsonText::key) {
    has_key_ = true;
    if (text_.text() == kName) state_ = State::found;
  } else if (state_ == State::found) {
    if (kind == JsonText::number) code_ = positive(text_.text());
    state_ = State::done;
  }
}

/// A value that is no text.
void ErrorCodeReader::end_value(unsigned depth) {
  if (depth == 1 && state_ == State::found) state_ = State::done;
}

}  // namespace larder
