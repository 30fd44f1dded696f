// SPDX-License-Identifier: Apache-2.0
#include "conf/base/redact_scan.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "conf/base/field_table.h"
#include "conf/base/text_unit.h"

namespace larder {
namespace {

/// A name of the field table without `_`.
struct JoinedName {
  std::array<char, 24> text{};
  std::size_t length = 0;
  constexpr std::string_view view() const { return {text.data(), length}; }
};

constexpr auto kCredentialFields = fields_with<kCredential>();

/// In lower case, without `-` and `_`; a name that ends in one of them counts too.
constexpr auto kCredentialNames = [] {
  std::array<JoinedName, kCredentialFields.size()> names{};
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (const char c : row_of(kCredentialFields[i]).name) {
      if (c != '_') names[i].text[names[i].length++] = c;
    }
  }
  return names;
}();

/// Names that no request has: of the management API and of larder's own configuration.
constexpr std::array<std::string_view, 3> kOtherCredentialNames = {"apitoken", "deliverytokens",
                                                                   "previewtokens"};

bool is_credential_name(std::string_view name) {
  const auto ends = [name](std::string_view ending) { return name.ends_with(ending); };
  return std::any_of(kCredentialNames.begin(), kCredentialNames.end(),
                     [&](const JoinedName& one) { return ends(one.view()); }) ||
         std::any_of(kFieldAliases.begin(), kFieldAliases.end(),
                     [&](const FieldAlias& one) { return ends(one.name); }) ||
         std::any_of(kOtherCredentialNames.begin(), kOtherCredentialNames.end(), ends);
}

/// Their values hold blanks: always to the end of the line.
constexpr std::array<std::string_view, 2> kWholeLineNames = {"authorization", "cookie"};

/// Octets of values looked at for each of the text; keeps the work linear.
constexpr std::size_t kMaxValueWork = 8;

constexpr std::size_t kTokenHexDigits = 16;
constexpr std::size_t kPreviewShapeLetters = 8;
constexpr std::size_t kPreviewShapeMaxLetters = 64;  ///< looked at for a digit

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
bool is_blank(char c) {
  return c == ' ' || c == '\t';
}
bool is_space(char c) {
  return static_cast<unsigned char>(c) <= ' ';
}
bool is_quote(char c) {
  return c == '"' || c == '\'';
}
bool is_hex(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}
bool is_name_char(char c) {
  return is_letter(c) || is_digit(c) || c == '-' || c == '_';
}

template <std::size_t N>
bool ends_in_one_of(std::string_view name, const std::array<std::string_view, N>& endings) {
  for (const std::string_view ending : endings) {
    if (name.ends_with(ending)) return true;
  }
  return false;
}

// ---- where a value starts ----

/// What stands between a credential's name and its value.
struct Separator {
  std::size_t value = 0;     ///< where the value starts
  bool colon = false;        ///< a plain ':', so a header or JSON
  bool name_quoted = false;  ///< so JSON
};

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && is_blank(text[at])) ++at;
  return at;
}

/// No index of a name goes on with it.
bool ends_index(char byte) {
  return byte == '[' || byte == '=' || byte == '&' || is_quote(byte) || is_blank(byte) ||
         byte == '\n' || byte == '\r';
}

/// Behind one of `[]`, `[0]`, `[a]`, `%5B%5D`; `at` itself when there is none.
std::size_t skip_one_index(std::string_view text, std::size_t at) {
  std::size_t next = at;
  for (bool first = true; next < text.size(); first = false) {
    const TextUnit unit = unit_at(text, next);
    if (first ? unit.byte != '[' : ends_index(unit.byte)) return at;
    next += unit.length;
    if (!first && unit.byte == ']') return next;
  }
  return at;
}

/// Behind all of them.
std::size_t skip_index(std::string_view text, std::size_t at) {
  while (true) {
    const std::size_t next = skip_one_index(text, at);
    if (next == at) return at;
    at = next;
  }
}

/// Behind a quote, escaped any number of times; `at` itself when there is none.
std::size_t skip_quote(std::string_view text, std::size_t at) {
  std::size_t next = at;
  while (next < text.size() && text[next] == '\\') ++next;
  if (next < text.size() && is_quote(text[next])) return next + 1;
  if (at < text.size()) {
    const TextUnit unit = unit_at(text, at);
    if (is_quote(unit.byte)) return at + unit.length;
  }
  return at;
}

std::optional<Separator> separator_at(std::string_view text, std::size_t at) {
  Separator separator;
  at = skip_index(text, at);
  const std::size_t behind_quote = skip_quote(text, at);
  separator.name_quoted = behind_quote != at;
  at = skip_blanks(text, behind_quote);
  if (at == text.size()) return std::nullopt;
  const TextUnit unit = unit_at(text, at);
  if (unit.byte != '=' && unit.byte != ':' && !(unit.byte == ',' && separator.name_quoted)) {
    return std::nullopt;
  }
  separator.colon = unit.byte == ':' && unit.length == 1;
  at += unit.length;
  if (unit.byte == '=' && at < text.size() && text[at] == '>') ++at;
  separator.value = skip_blanks(text, at);
  return separator;
}

// ---- where a value ends ----

std::size_t end_of_line(std::string_view text, std::size_t at) {
  const std::size_t end = text.find_first_of("\r\n", at);
  return end == std::string_view::npos ? text.size() : end;
}

bool ends_bare_value(std::string_view text, std::size_t at, bool json) {
  const char c = text[at];
  if (is_space(c) || c == '&') return true;
  if (c == '"') return text[at - 1] != '\\';
  return json && (c == ',' || c == '}' || c == ']');
}

std::size_t end_of_bare(std::string_view text, std::size_t at, bool json) {
  while (at < text.size() && !ends_bare_value(text, at, json)) ++at;
  return at;
}

/// The quote that ends the string which starts at `open` with `escapes` backslashes and a quote.
/// Inside JSON that is itself a JSON string, `\"` ends it and `\\\"` does not: a level of escaping
/// doubles the backslashes and adds one.
std::optional<std::size_t> closing_quote(std::string_view text, std::size_t open,
                                         std::size_t escapes) {
  const char quote = text[open + escapes];
  std::size_t backslashes = 0;
  for (std::size_t at = open + escapes + 1; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++backslashes;
      continue;
    }
    if (text[at] == quote && backslashes % (2 * (escapes + 1)) == escapes) return at - escapes;
    backslashes = 0;
  }
  return std::nullopt;
}

/// Behind the bracket that closes the one at `open`; quotes may hide brackets.
std::size_t end_of_bracket(std::string_view text, std::size_t open) {
  int depth = 0;
  for (std::size_t at = open; at < text.size(); ++at) {
    const char c = text[at];
    if (is_quote(c)) {
      const auto close = closing_quote(text, at, 0);
      if (!close) return text.size();
      at = *close;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if ((c == ']' || c == '}') && --depth == 0) {
      return at + 1;
    }
  }
  return text.size();
}

/// A value that begins with `escapes` backslashes and a quote: what the quotes hold, or, when they
/// do not close or more is glued to them, all of it with the quotes.
Span quoted_span(std::string_view text, std::size_t begin, std::size_t escapes, bool json,
                 bool whole_line) {
  const auto close = closing_quote(text, begin, escapes);
  if (!close) return {begin, text.size()};
  const std::size_t behind = *close + escapes + 1;
  // What an earlier pass has put behind the quotes is no part of the value.
  const bool glued = behind < text.size() && !ends_bare_value(text, behind, true) &&
                     text[behind] != '\\' && !is_quote(text[behind]) &&
                     !text.substr(behind).starts_with("[redacted]");
  if (!glued) return {begin + escapes + 1, *close};
  return {begin, whole_line ? end_of_line(text, behind) : end_of_bare(text, behind, json)};
}

Span value_span(std::string_view text, const Separator& separator, std::string_view name) {
  const std::size_t begin = separator.value;
  const bool json = separator.name_quoted;
  const bool whole_line = ends_in_one_of(name, kWholeLineNames);
  std::size_t escapes = 0;
  while (begin + escapes < text.size() && text[begin + escapes] == '\\') ++escapes;
  const bool quoted = begin + escapes < text.size() && is_quote(text[begin + escapes]);
  const bool header = separator.colon && !json;
  if (quoted && !header) return quoted_span(text, begin, escapes, json, whole_line);
  if (header || whole_line) return {begin, end_of_line(text, begin)};
  const bool bracket = begin < text.size() && (text[begin] == '[' || text[begin] == '{');
  const std::size_t from = bracket ? end_of_bracket(text, begin) : begin;
  return {begin, end_of_bare(text, from, json)};
}

// ---- names ----

/// One pass over the names in the text, taken as they stand or with their escapes undone. Both are
/// needed: undoing can glue what stands before a name to it. Names inside a value count too: where
/// quotes do not pair, a value may be taken to end in the middle of what is one.
void find_names(std::string_view text, bool unescape, std::vector<Span>& spans) {
  std::string name;
  std::size_t at = 0;
  std::size_t left = kMaxValueWork * text.size();
  while (true) {
    const bool end = at >= text.size();
    const TextUnit unit = end        ? TextUnit{'\0', 1}
                          : unescape ? unit_at(text, at)
                                     : TextUnit{text[at], 1};
    if (!end && is_name_char(unit.byte)) {
      if (unit.byte != '-' && unit.byte != '_') name += lower(unit.byte);
      at += unit.length;
      continue;
    }
    if (end) return;
    const bool credential = !name.empty() && is_credential_name(name);
    if (const auto separator = credential ? separator_at(text, at) : std::nullopt) {
      const Span span = value_span(text, *separator, name);
      if (span.begin < span.end) spans.push_back(span);
      if (span.end == text.size()) return;
      at = std::max(at + unit.length, separator->value);
      const std::size_t work = span.end - span.begin;
      if (work > left) {  // values in values in values: nobody means that
        spans.push_back({at, text.size()});
        return;
      }
      left -= work;
    } else {
      at += unit.length;
    }
    name.clear();
  }
}

// ---- shapes ----

/// Walks over characters that satisfy `wanted`, and counts them.
template <class Predicate>
std::size_t walk(std::string_view text, std::size_t& at, Predicate wanted) {
  std::size_t count = 0;
  while (at < text.size()) {
    const TextUnit unit = unit_at(text, at);
    if (!wanted(unit.byte)) break;
    at += unit.length;
    ++count;
  }
  return count;
}

bool walk_word(std::string_view text, std::size_t& at, std::string_view word) {
  for (const char wanted : word) {
    if (at >= text.size()) return false;
    const TextUnit unit = unit_at(text, at);
    if (lower(unit.byte) != wanted) return false;
    at += unit.length;
  }
  return true;
}

std::optional<Span> token_at(std::string_view text, std::size_t begin) {
  const auto in_word = [](char c) { return is_letter(c) || is_digit(c); };
  std::size_t at = begin;
  if (!walk_word(text, at, "cs")) return std::nullopt;
  const std::size_t behind_cs = at;
  if (walk(text, at, is_hex) >= kTokenHexDigits) {
    walk(text, at, in_word);
    return Span{begin, at};
  }
  at = behind_cs;
  if (!walk_word(text, at, "prev")) return std::nullopt;
  bool digit = false;
  std::size_t room = kPreviewShapeMaxLetters;
  const std::size_t letters = walk(text, at, [&](char c) {
    digit = digit || is_digit(c);
    return is_name_char(c) && room-- > 0;
  });
  if (letters < kPreviewShapeLetters || !digit) return std::nullopt;
  walk(text, at, is_name_char);
  return Span{begin, at};
}

}  // namespace

void find_named_values(std::string_view text, std::vector<Span>& spans) {
  find_names(text, false, spans);
  if (text.find_first_of("%\\") != std::string_view::npos) find_names(text, true, spans);
}

void find_token_shapes(std::string_view text, std::vector<Span>& spans) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (lower(text[at]) != 'c' && !starts_escape(text[at])) continue;
    if (const auto span = token_at(text, at)) {
      spans.push_back(*span);
      at = span->end - 1;
    }
  }
}

}  // namespace larder
