// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/params.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace sandbox {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_index(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
               hex_value(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

Params::Params(std::string_view query) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto part = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (part.empty()) continue;
    const auto equals = part.find('=');
    const auto value =
        equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1);
    pairs_.emplace_back(decode(part.substr(0, equals)), decode(value));
  }
}

const std::string* Params::get(std::string_view name) const {
  const auto found = std::find_if(pairs_.rbegin(), pairs_.rend(),
                                  [&](const auto& pair) { return pair.first == name; });
  return found == pairs_.rend() ? nullptr : &found->second;
}

std::string Params::text(std::string_view name) const {
  const std::string* value = get(name);
  return value == nullptr ? std::string() : *value;
}

bool Params::flag(std::string_view name) const {
  std::string value = text(name);
  std::transform(value.begin(), value.end(), value.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return value == "true";
}

long Params::number(std::string_view name, long otherwise) const {
  const std::string* value = get(name);
  if (value == nullptr || value->empty() || !is_index(*value)) return otherwise;
  return std::strtol(value->c_str(), nullptr, 10);
}

std::vector<std::string> Params::list(std::string_view base) const {
  std::vector<std::string> values;
  for (const auto& [name, value] : pairs_) {
    std::string_view rest = name;
    if (!rest.starts_with(base)) continue;
    rest.remove_prefix(base.size());
    while (rest.starts_with('[') && rest.find(']') != std::string_view::npos &&
           is_index(rest.substr(1, rest.find(']') - 1))) {
      rest.remove_prefix(rest.find(']') + 1);
    }
    if (rest.empty()) values.push_back(value);
  }
  return values;
}

std::vector<std::pair<std::string, std::string>> Params::nested(std::string_view base) const {
  std::vector<std::pair<std::string, std::string>> values;
  for (const auto& [name, value] : pairs_) {
    std::string_view rest = name;
    if (!rest.starts_with(base)) continue;
    rest.remove_prefix(base.size());
    const auto end = rest.find(']');
    if (!rest.starts_with('[') || end == std::string_view::npos) continue;
    const auto inner = rest.substr(1, end - 1);
    values.emplace_back(is_index(inner) ? "BASE" : inner, value);
  }
  return values;
}

}  // namespace sandbox
