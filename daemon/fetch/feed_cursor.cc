// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/feed_cursor.h"

#include <algorithm>

#include "conf/base/whole_number.h"

namespace larder {
namespace {

constexpr std::string_view kVersion = "2";
constexpr std::string_view kNone = "-";

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
  const auto read = word ? whole_number<Number>(*word) : std::nullopt;
  number = read.value_or(0);
  return read.has_value();
}

bool is_plain(std::string_view uid) {
  return !uid.empty() && uid.find_first_of(" :,") == uid.npos;
}

/// `UID:MS,UID:MS`
std::string explained_text(const FeedCursor& cursor) {
  std::string text;
  for (const auto& [uid, at] : cursor.explained) {
    if (!is_plain(uid)) continue;
    if (!text.empty()) text += ",";
    text.append(uid).append(":").append(std::to_string(at.ms));
  }
  return text.empty() ? std::string(kNone) : text;
}

bool read_explained(std::optional<std::string_view> word, FeedCursor& cursor) {
  if (!word) return false;
  std::string_view rest = *word == kNone ? std::string_view() : *word;
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    const auto colon = one.find(':');
    if (colon == 0 || colon == one.npos) return false;
    WallTime& at = cursor.explained[std::string(one.substr(0, colon))];
    if (!read_number(one.substr(colon + 1), at.ms)) return false;
  }
  return cursor.explained.size() <= FeedCursor::kMaxExplained;
}

}  // namespace

std::string to_text(const FeedCursor& cursor) {
  return std::string(kVersion) + " " + std::to_string(cursor.activity.ms) + " " +
         std::to_string(cursor.shape) + " " + explained_text(cursor) +
         (cursor.between ? " page " : " poll ") + cursor.token;
}

std::optional<FeedCursor> parse_feed_cursor(std::string_view text) {
  FeedCursor cursor;
  if (take_word(text) != kVersion) return std::nullopt;
  if (!read_number(take_word(text), cursor.activity.ms)) return std::nullopt;
  if (!read_number(take_word(text), cursor.shape)) return std::nullopt;
  if (!read_explained(take_word(text), cursor)) return std::nullopt;
  const auto kind = take_word(text);
  if (kind != "page" && kind != "poll") return std::nullopt;
  cursor.between = kind == "page";
  if (text.empty() || text.size() > FeedCursor::kMaxTokenBytes) return std::nullopt;
  cursor.token = text;
  return cursor;
}

}  // namespace larder
