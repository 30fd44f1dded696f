// SPDX-License-Identifier: Apache-2.0
#include "cache/scope/key.h"

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "cache/scope/derived_secret.h"

// Test builds only: how many bits of hash a key keeps; the scope is left out then.
#ifdef LARDER_KEY_HASH_BITS
static_assert(LARDER_KEY_HASH_BITS >= 0 && LARDER_KEY_HASH_BITS < 64);
#endif

namespace larder {
namespace {

static_assert(sizeof(XXH128_canonical_t) == 16 && sizeof(XXH64_canonical_t) == 8);

template <class Canonical>
void put(const Canonical& hash, CacheKey& key, std::ptrdiff_t at) {
  std::copy(std::begin(hash.digest), std::end(hash.digest), key.bytes.begin() + at);
}

}  // namespace

KeyHasher::KeyHasher(const InstallSecret& secret)
    : secret_(derive_hash_secret(secret, "larder key hash 1")) {}

CacheKey KeyHasher::key(const ScopeMac& scope, std::string_view canonical,
                        std::size_t url_length) const {
  const std::string_view variant = canonical.substr(url_length);
  XXH128_hash_t url =
      XXH3_128bits_withSecret(canonical.data(), url_length, secret_.data(), secret_.size());
  XXH64_hash_t rest =
      XXH3_64bits_withSecret(variant.data(), variant.size(), secret_.data(), secret_.size());
  CacheKey key;
#ifdef LARDER_KEY_HASH_BITS
  static_cast<void>(scope);
  url.high64 = 0;
  url.low64 = (url.low64 ^ rest) & ((XXH64_hash_t{1} << LARDER_KEY_HASH_BITS) - 1);
  rest = 0;
#else
  std::copy_n(scope.bytes.begin(), 16, key.bytes.begin());
#endif
  XXH128_canonical_t url_bytes;
  XXH64_canonical_t rest_bytes;
  XXH128_canonicalFromHash(&url_bytes, url);
  XXH64_canonicalFromHash(&rest_bytes, rest);
  put(url_bytes, key, 16);
  put(rest_bytes, key, 32);
  return key;
}

}  // namespace larder
