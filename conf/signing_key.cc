// SPDX-License-Identifier: Apache-2.0
#include "conf/signing_key.h"

#include <openssl/decoder.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <utility>

#include "conf/base/private_file.h"

namespace larder {
namespace {

constexpr std::size_t kMaxKeys = 8;
constexpr std::size_t kMaxFileBytes = 64u << 10;
constexpr int kSaltBytes = 32;
constexpr const char* kRemedy = "; give the CMS's public key, RSA of 2048 to 8192 bits";

/// The PEM block that begins at or behind `at`, which moves behind it; empty = there is none.
std::string_view next_block(std::string_view pem, std::size_t& at) {
  constexpr std::string_view kEnd = "-----END ";
  const std::size_t begin = pem.find("-----BEGIN ", at);
  if (begin == std::string_view::npos) return {};
  const std::size_t end_line = pem.find(kEnd, begin);
  if (end_line == std::string_view::npos) return {};
  const std::size_t end = pem.find("-----", end_line + kEnd.size());
  if (end == std::string_view::npos) return {};
  at = end + 5;
  return pem.substr(begin, at - begin);
}

std::shared_ptr<EVP_PKEY> decode(std::string_view block) {
  EVP_PKEY* key = nullptr;
  const std::unique_ptr<OSSL_DECODER_CTX, decltype(&OSSL_DECODER_CTX_free)> decoder(
      OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", nullptr, "RSA", EVP_PKEY_PUBLIC_KEY, nullptr,
                                    nullptr),
      OSSL_DECODER_CTX_free);
  if (decoder == nullptr) return nullptr;
  std::string text = std::string(block) + "\n";  // it wants the end of the last line
  for (std::size_t escape = text.find("\\n"); escape != std::string::npos;
       escape = text.find("\\n", escape)) {
    text.replace(escape, 2, "\n");
  }
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t left = text.size();
  if (OSSL_DECODER_from_data(decoder.get(), &at, &left) != 1) return nullptr;
  return {key, EVP_PKEY_free};
}

}  // namespace

Result<std::vector<SigningKey>> SigningKey::parse(std::string_view pem) {
  std::vector<SigningKey> keys;
  std::size_t at = 0;
  for (std::string_view block = next_block(pem, at); !block.empty(); block = next_block(pem, at)) {
    if (block.find("PRIVATE KEY") != std::string_view::npos) {
      return fail(Error::Code::invalid, std::string("holds a private key") + kRemedy);
    }
    auto key = decode(block);
    if (key == nullptr) {
      return fail(Error::Code::invalid,
                  std::string("holds something that is no RSA public key") + kRemedy);
    }
    const int bits = EVP_PKEY_get_bits(key.get());
    if (bits < 2048 || bits > 8192) {
      return fail(Error::Code::invalid,
                  "holds a key of " + std::to_string(bits) + " bits" + kRemedy);
    }
    if (keys.size() == kMaxKeys) {
      return fail(Error::Code::invalid, "holds more than 8 keys; remove those that are too old");
    }
    keys.push_back(SigningKey(std::move(key)));
  }
  if (keys.empty()) {
    return fail(Error::Code::invalid, std::string("holds no key in PEM form") + kRemedy);
  }
  return keys;
}

bool SigningKey::has_signed(std::span<const std::uint8_t, 32> sha256,
                            std::string_view signature) const {
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new(key_.get(), nullptr), EVP_PKEY_CTX_free);
  if (context == nullptr || EVP_PKEY_verify_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PSS_PADDING) != 1 ||
      EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), EVP_sha256()) != 1 ||
      EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), kSaltBytes) != 1) {
    return false;
  }
  return EVP_PKEY_verify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                         signature.size(), sha256.data(), sha256.size()) == 1;
}

Result<std::vector<SigningKey>> read_signing_keys(const std::string& path) {
  auto content = read_regular_file(path, kMaxFileBytes);
  if (!content) return tl::unexpected<Error>(std::move(content.error()));
  auto keys = SigningKey::parse(content->bytes);
  if (!keys) return fail(keys.error().code, path + " " + keys.error().context);
  return keys;
}

}  // namespace larder
