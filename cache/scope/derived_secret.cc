// SPDX-License-Identifier: Apache-2.0
#include "cache/scope/derived_secret.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <string>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "conf/base/check.h"

namespace larder {

ScopeMac hmac_sha256(const InstallSecret& secret, std::string_view message) {
  ScopeMac mac;
  unsigned length = 0;
  const unsigned char* done =
      HMAC(EVP_sha256(), secret.bytes.data(), static_cast<int>(secret.bytes.size()),
           reinterpret_cast<const unsigned char*>(message.data()), message.size(), mac.bytes.data(),
           &length);
  LARDER_CHECK(done != nullptr && length == mac.bytes.size());
  return mac;
}

std::array<std::uint8_t, 192> derive_hash_secret(const InstallSecret& secret,
                                                 std::string_view use) {
  std::array<std::uint8_t, 192> result{};
  std::string block;
  char counter = 1;
  for (std::size_t at = 0; at < result.size(); at += block.size()) {
    std::string message = block;
    message.append(use);
    message.push_back(counter++);
    const ScopeMac mac = hmac_sha256(secret, message);
    block.assign(mac.bytes.begin(), mac.bytes.end());
    std::copy(mac.bytes.begin(), mac.bytes.end(), result.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return result;
}

std::uint64_t secret_hash(std::string_view text, const std::array<std::uint8_t, 192>& hash_secret) {
  return XXH3_64bits_withSecret(text.data(), text.size(), hash_secret.data(), hash_secret.size());
}

}  // namespace larder
