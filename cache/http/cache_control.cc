// SPDX-License-Identifier: Apache-2.0
#include "cache/http/cache_control.h"

#include <algorithm>

#include "conf/base/octets.h"

namespace larder {
namespace {

/// Takes the next directive off `list`; a comma in a closed quoted string does not end it.
std::string_view take_directive(std::string_view& list) {
  std::size_t end = 0;
  while (end < list.size() && list[end] != ',') {
    if (list[end] == '"') {
      std::size_t close = end + 1;
      while (close < list.size() && list[close] != '"') close += list[close] == '\\' ? 2 : 1;
      // A quote that is never closed hides nothing.
      if (close < list.size()) end = close;
    }
    ++end;
  }
  const std::string_view directive = trim(list.substr(0, end));
  list.remove_prefix(std::min(end + 1, list.size()));
  return directive;
}

std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    return text.substr(1, text.size() - 2);
  }
  return text;
}

/// The stricter of duplicates wins.
void lower(std::optional<std::int64_t>& member, std::int64_t seconds) {
  member = member ? std::min(*member, seconds) : seconds;
}

void apply(std::string_view name, std::string_view argument, CacheControl& control) {
  const auto is = [name](std::string_view word) { return equals_ignoring_case(name, word); };
  const auto seconds = [argument] { return parse_delta_seconds(unquoted(argument)).value_or(0); };
  // no-cache and private may name fields; that is the unqualified form here, which is stricter.
  if (is("no-store")) control.no_store = true;
  if (is("no-cache")) control.no_cache = true;
  if (is("private")) control.is_private = true;
  if (is("must-revalidate") || is("proxy-revalidate")) control.must_revalidate = true;
  if (is("max-age")) lower(control.max_age_s, seconds());
  if (is("s-maxage")) lower(control.s_maxage_s, seconds());
  if (is("stale-while-revalidate")) lower(control.stale_while_revalidate_s, seconds());
  if (is("stale-if-error")) lower(control.stale_if_error_s, seconds());
}

}  // namespace

std::optional<std::int64_t> parse_delta_seconds(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    value = std::min<std::int64_t>(value * 10 + (c - '0'), kMaxDeltaSeconds);
  }
  return value;
}

CacheControl parse_cache_control(std::string_view value) {
  CacheControl control;
  control.present = true;
  while (!value.empty()) {
    const std::string_view directive = take_directive(value);
    const std::size_t equals = directive.find('=');
    const std::string_view argument =
        equals == std::string_view::npos ? std::string_view{} : directive.substr(equals + 1);
    // A blank beside `=` makes the argument invalid, not the name: the stricter reading.
    const std::string_view name = directive.substr(0, equals);
    const bool apart = !name.empty() && is_blank(name.back());
    apply(trim(name), apart ? std::string_view{} : argument, control);
  }
  return control;
}

void merge_cache_control(const CacheControl& more, CacheControl& control) {
  control.present = control.present || more.present;
  control.no_store = control.no_store || more.no_store;
  control.no_cache = control.no_cache || more.no_cache;
  control.is_private = control.is_private || more.is_private;
  control.must_revalidate = control.must_revalidate || more.must_revalidate;
  for (const auto member :
       {&CacheControl::max_age_s, &CacheControl::s_maxage_s,
        &CacheControl::stale_while_revalidate_s, &CacheControl::stale_if_error_s}) {
    if (more.*member) lower(control.*member, *(more.*member));
  }
}

}  // namespace larder
