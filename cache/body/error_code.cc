// SPDX-License-Identifier: Apache-2.0
#include "cache/body/error_code.h"

#include <algorithm>
#include <charconv>

namespace larder {
namespace {

constexpr std::string_view kName = "error_code";
/// Longer than the name, and than any number that is taken.
constexpr std::size_t kMaxText = 15;

/// The whole text as a positive integer, or 0.
int positive(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::max(value, 0) : 0;
}

}  // namespace

void ErrorCodeReader::on_text(JsonText kind, std::string_view part, bool last, unsigned depth) {
  if (depth != 1 || state_ == State::done) return;
  keep(part);
  if (!last) return;
  if (kind == JsonText::key) {
    has_key_ = true;
    if (text_ == kName) state_ = State::found;
  } else if (state_ == State::found) {
    if (kind == JsonText::number) code_ = positive(text_);
    state_ = State::done;
  }
  text_.clear();
}

void ErrorCodeReader::keep(std::string_view part) {
  text_.append(part.substr(0, kMaxText - std::min(kMaxText, text_.size())));
}

/// A value that is no text.
void ErrorCodeReader::end_value(unsigned depth) {
  if (depth == 1 && state_ == State::found) state_ = State::done;
}

}  // namespace larder
