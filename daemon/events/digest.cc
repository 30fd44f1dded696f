// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/digest.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <memory>

#include "conf/base/check.h"

namespace larder {
namespace {

const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Sha256 sha256(std::string_view text) {
  Sha256 digest{};
  unsigned length = 0;
  LARDER_CHECK(
      EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr) == 1);
  LARDER_CHECK(length == digest.size());
  return digest;
}

Sha256 hmac_sha256(std::string_view key, std::initializer_list<std::string_view> parts) {
  static EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  LARDER_CHECK(hmac != nullptr);
  const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context(EVP_MAC_CTX_new(hmac),
                                                                          EVP_MAC_CTX_free);
  LARDER_CHECK(context != nullptr);
  char name[] = "SHA256";
  const OSSL_PARAM settings[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, sizeof name - 1),
      OSSL_PARAM_construct_end()};
  LARDER_CHECK(EVP_MAC_init(context.get(), octets_of(key), key.size(), settings) == 1);
  for (const std::string_view part : parts) {
    LARDER_CHECK(EVP_MAC_update(context.get(), octets_of(part), part.size()) == 1);
  }
  Sha256 digest{};
  std::size_t length = 0;
  LARDER_CHECK(EVP_MAC_final(context.get(), digest.data(), &length, digest.size()) == 1);
  LARDER_CHECK(length == digest.size());
  return digest;
}

bool equal_digests(const Sha256& a, const Sha256& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool equal_secrets(std::string_view secret, std::string_view came) {
  return equal_digests(sha256(secret), sha256(came));
}

}  // namespace larder
