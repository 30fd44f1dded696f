// SPDX-License-Identifier: Apache-2.0
#include "conf/key_lines.h"

#include <functional>
#include <iterator>

namespace larder {
namespace {

std::size_t hash_of(const std::string& text) {
  return std::hash<std::string>()(text);
}

}  // namespace

KeyLines::KeyLines(const TomlValue& file) {
  for (const TomlValue& child : file.children) add(child);
}

void KeyLines::add(const TomlValue& value) {
  places_.emplace(value.path, Place{hash_of(value.text), value.line});
  for (const TomlValue& child : value.children) add(child);
}

int KeyLines::line_of(const std::string& key, const std::string& value) const {
  const auto [begin, end] = places_.equal_range(key);
  if (begin == end) return 0;
  const std::size_t wanted = hash_of(value);
  for (auto at = begin; at != end; ++at) {
    if (at->second.text == wanted) return at->second.line;
  }
  return std::next(begin) == end ? begin->second.line : 0;
}

void KeyLines::place(std::vector<Mistake>& mistakes) const {
  for (Mistake& mistake : mistakes) {
    if (mistake.line == 0 && !mistake.key.empty()) {
      mistake.line = line_of(mistake.key, mistake.value);
    }
  }
}

}  // namespace larder
