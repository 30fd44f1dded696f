// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cache/classify.h"
#include "cache/scope.h"

/// The canonical request and the key made of it. The upstream request is built from the same
/// struct (upstream/origin_request.h): what is keyed is what is sent.
namespace larder {

/// One way of saying a request. Strings keep their capacity from request to request.
struct CanonicalRequest {
  std::string path;          ///< no trailing slash, escapes unified
  std::string query;         ///< sorted by name (stable), re-encoded one way, without environment,
                             ///< credentials, empty pairs and empty preview selectors
  std::string variants;      ///< x-cs-variant-uid, blanks around commas trimmed, order kept
  std::string early_access;  ///< x-header-ea, blanks trimmed, sorted
  std::string forwarded;     ///< keyed headers the operator added: `name: value\r\n` sorted by name, lower-case names
  Representation representation = Representation::identity;
  Kind kind = Kind::entry;
  bool send_environment = true;  ///< false only for sync continuations whose client did not send it
};

/// Fills `out` from a request of Route::cached or Route::pass. `forward` = names of
/// UpstreamConfig::forward_headers, lower case. Errors: 400 for bad escapes (after classify() none
/// are left) — never a partial result.
void canonicalise(const RequestFields& fields, const RequestView& request,
                  const std::vector<std::string>& forward, CanonicalRequest& out);

/// The bytes that must be equal for two requests to share an answer (besides the scope's MAC):
/// length-prefixed components (u32 little endian, then the bytes), first those of the URL (path,
/// query), then those of the variant. Appended to `out` after clearing it.
/// Returns the length of the URL part.
std::size_t write_canonical_bytes(const CanonicalRequest& request, std::string& out);

/// The store's key: scope[16] ‖ XXH3-128(URL part)[16] ‖ XXH3-64(variant part)[8], both hashes with
/// a secret derived from the install secret. A collision costs a miss, never a leak: the canonical
/// bytes and the whole MAC are compared at every hit. All variants of a URL in a scope, and all of
/// a scope, are neighbours, which is what purge walks.
struct CacheKey {
  std::array<std::uint8_t, 40> bytes{};
  friend auto operator<=>(const CacheKey&, const CacheKey&) = default;
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
};

/// Hashes canonical bytes into keys. Const and thread-safe after construction.
class KeyHasher {
 public:
  explicit KeyHasher(const InstallSecret& secret);
  CacheKey key(const ScopeMac& scope, std::string_view canonical, std::size_t url_length) const;

 private:
  std::array<std::uint8_t, 192> secret_{};
};

/// Compiled with LARDER_KEY_HASH_BITS (test builds only), keys keep that many bits of hash and no
/// scope, so that everything collides and the comparison alone must hold.

}  // namespace larder
