// SPDX-License-Identifier: Apache-2.0
#include "cache/request/path_kind.h"

#include <array>

#include "conf/base/octets.h"

namespace larder {
namespace {

constexpr std::size_t kMaxSegments = 6;

struct Segments {
  std::array<std::string_view, kMaxSegments> at;
  std::size_t count = 0;  ///< kMaxSegments = as many or more
};

Segments split(std::string_view path) {
  Segments segments;
  if (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  while (!path.empty() && segments.count < kMaxSegments) {
    path.remove_prefix(1);
    const std::size_t slash = path.find('/');
    segments.at[segments.count++] = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash);
  }
  if (!path.empty()) segments.count = kMaxSegments + 1;
  return segments;
}

bool is(std::string_view segment, std::string_view word) {
  if (segment == word) return true;
  if (segment.size() <= word.size() || segment.find('%') == std::string_view::npos) return false;
  for (const char expected : word) {
    const int octet = percent_value(segment);
    if (segment.empty() || (octet >= 0 ? static_cast<char>(octet) : segment.front()) != expected) {
      return false;
    }
    segment.remove_prefix(octet >= 0 ? 3 : 1);
  }
  return segment.empty();
}

std::optional<Kind> kind_below_taxonomies(const Segments& s) {
  switch (s.count) {
    case 2:
      return Kind::taxonomy;
    case 3:
      return is(s.at[2], "entries") ? Kind::list : Kind::taxonomy;
    case 4:
    case 5:
      if (is(s.at[3], "terms")) return Kind::taxonomy;
      break;
    case 6:
      if (is(s.at[3], "terms") &&
          (is(s.at[5], "locales") || is(s.at[5], "ancestors") || is(s.at[5], "descendants"))) {
        return Kind::taxonomy;
      }
      break;
    default:
      break;
  }
  return std::nullopt;
}

std::optional<Kind> kind_below_content_types(const Segments& s) {
  if (s.count <= 3) return Kind::content_type;
  if (s.count > 5 || !is(s.at[3], "entries")) return std::nullopt;
  return s.count == 4 ? Kind::list : Kind::entry;
}

}  // namespace

bool is_below_v3(std::string_view path) {
  if (path.empty() || path.front() != '/') return false;
  const std::string_view first = path.substr(1, path.find('/', 1) - 1);
  return is(first, "v3");
}

std::optional<Kind> kind_of_path(std::string_view path) {
  const Segments s = split(path);
  if (s.count < 2 || s.count > kMaxSegments || !is(s.at[0], "v3")) return std::nullopt;
  const std::string_view module = s.at[1];
  if (is(module, "content_types")) return kind_below_content_types(s);
  if (is(module, "assets") && s.count <= 3) return Kind::asset;
  if (is(module, "global_fields") && s.count <= 3) return Kind::content_type;
  if (is(module, "taxonomies")) return kind_below_taxonomies(s);
  if (is(module, "stacks") && s.count == 3 && is(s.at[2], "sync")) return Kind::sync;
  return std::nullopt;
}

}  // namespace larder
