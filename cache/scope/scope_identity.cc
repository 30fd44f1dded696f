// SPDX-License-Identifier: Apache-2.0
#include "cache/scope/scope_identity.h"

#include "cache/scope/derived_secret.h"
#include "conf/base/secret.h"

namespace larder {

void append_scope_part(std::string_view part, std::string& out) {
  const auto length = static_cast<std::uint32_t>(part.size());
  const char prefix[4] = {static_cast<char>(length), static_cast<char>(length >> 8),
                          static_cast<char>(length >> 16), static_cast<char>(length >> 24)};
  out.append(prefix, sizeof prefix).append(part);
}

ScopeMac scope_mac(const InstallSecret& secret, std::string_view use,
                   std::initializer_list<std::string_view> parts) {
  std::size_t length = 4 + use.size();
  for (const std::string_view part : parts) length += 4 + part.size();
  std::string message;
  message.reserve(length);  // one buffer only, for a token passes through it
  append_scope_part(use, message);
  for (const std::string_view part : parts) append_scope_part(part, message);
  const Secret wiped(std::move(message));
  return hmac_sha256(secret, wiped.reveal());
}

}  // namespace larder
