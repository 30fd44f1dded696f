// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/feed_cursor.h"

#include <charconv>

namespace larder {
namespace {

constexpr std::string_view kVersion = "1";

/// The part up to the next blank, which is taken off; nothing = there is none.
std::optional<std::string_view> take_word(std::string_view& text) {
  const auto end = text.find(' ');
  if (end == std::string_view::npos) return std::nullopt;
  const auto word = text.substr(0, end);
  text.remove_prefix(end + 1);
  return word;
}

template <class Number>
bool read_number(std::optional<std::string_view> word, Number& number) {
  if (!word) return false;
  const auto end = word->data() + word->size();
  const auto result = std::from_chars(word->data(), end, number);
  return result.ec == std::errc() && result.ptr == end;
}

}  // namespace

std::string to_text(const FeedCursor& cursor) {
  return std::string(kVersion) + " " + std::to_string(cursor.activity.ms) + " " +
         std::to_string(cursor.shape) + (cursor.between ? " page " : " poll ") + cursor.token;
}

std::optional<FeedCursor> parse_feed_cursor(std::string_view text) {
  FeedCursor cursor;
  if (take_word(text) != kVersion) return std::nullopt;
  if (!read_number(take_word(text), cursor.activity.ms)) return std::nullopt;
  if (!read_number(take_word(text), cursor.shape)) return std::nullopt;
  const auto kind = take_word(text);
  if (kind != "page" && kind != "poll") return std::nullopt;
  cursor.between = kind == "page";
  if (text.empty() || text.size() > FeedCursor::kMaxTokenBytes) return std::nullopt;
  cursor.token = text;
  return cursor;
}

}  // namespace larder
