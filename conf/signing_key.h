// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "conf/base/result.h"

struct evp_pkey_st;

namespace larder {

/// An RSA public key of 2048 to 8192 bits. Copies share it; any thread.
class SigningKey {
 public:
  /// Of a PEM text: PKCS#1 ("RSA PUBLIC KEY") or SubjectPublicKeyInfo ("PUBLIC KEY"). One or more,
  /// eight at most: a rotation has the old and the new one for a while. Text around the blocks is
  /// ignored, and `\n` in them is a line end: so the CMS's JSON with the key is one, too.
  /// Error::invalid = "WHAT; REMEDY".
  static Result<std::vector<SigningKey>> parse(std::string_view pem);

  /// RSASSA-PSS (RFC 8017 section 8.1) with SHA-256, MGF1 with SHA-256, and 32 bytes of salt.
  /// `sha256` is that of the message, `signature` its octets.
  bool has_signed(std::span<const std::uint8_t, 32> sha256, std::string_view signature) const;

 private:
  explicit SigningKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

/// Those of a file of at most 64 KiB. The Error's context starts with the path and ends in a
/// remedy.
Result<std::vector<SigningKey>> read_signing_keys(const std::string& path);

}  // namespace larder
