// SPDX-License-Identifier: Apache-2.0
#include "conf/instance.h"

#include <openssl/rand.h>
#include <algorithm>
#include <array>

#include "conf/base/check.h"

namespace larder {
namespace {

std::string draw_id() {
  std::array<unsigned char, 8> bytes{};
  LARDER_CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string id;
  for (const unsigned char byte : bytes) {
    id.push_back(kDigits[byte >> 4]);
    id.push_back(kDigits[byte & 15]);
  }
  return id;
}

}  // namespace

bool is_instance_word(std::string_view text) {
  const auto in_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !text.empty() && text.size() <= kMaxInstanceIdBytes &&
         std::all_of(text.begin(), text.end(), in_word);
}

bool is_larder_name(std::string_view element) {
  return element.starts_with(kLarderPrefix) &&
         is_instance_word(element.substr(kLarderPrefix.size()));
}

std::string larder_name(const ServerConfig& server) {
  static const std::string drawn = draw_id();
  return std::string(kLarderPrefix) + (server.instance_id.empty() ? drawn : server.instance_id);
}

}  // namespace larder
