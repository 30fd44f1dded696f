// SPDX-License-Identifier: Apache-2.0
#include "cache/scope/key.h"
#include "cache/request/canonical.h"

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>

using namespace larder;

namespace {

InstallSecret secret_of(std::uint8_t octet) {
  InstallSecret secret;
  secret.bytes.fill(octet);
  return secret;
}

ScopeMac scope_of(std::uint8_t octet) {
  ScopeMac mac;
  mac.bytes.fill(octet);
  return mac;
}

CacheKey key_of(const KeyHasher& hasher, const ScopeMac& scope, const CanonicalRequest& request) {
  std::string bytes;
  const std::size_t url_length = write_canonical_bytes(request, bytes);
  return hasher.key(scope, bytes, url_length);
}

CanonicalRequest request_of(const char* path, const char* query, const char* variants = "") {
  CanonicalRequest request;
  request.path = path;
  request.query = query;
  request.variants = variants;
  return request;
}

}  // namespace

TEST_CASE("key: scope first, then URL, then variant", "[cache]") {
  const KeyHasher hasher(secret_of(1));
  const CacheKey base = key_of(hasher, scope_of(7), request_of("/v3/assets", "a=1"));
  const CacheKey variant = key_of(hasher, scope_of(7), request_of("/v3/assets", "a=1", "x"));
  const CacheKey other_url = key_of(hasher, scope_of(7), request_of("/v3/assets", "a=2"));
  const CacheKey other_scope = key_of(hasher, scope_of(8), request_of("/v3/assets", "a=1"));

  CHECK(base == key_of(hasher, scope_of(7), request_of("/v3/assets", "a=1")));
  CHECK(base.view().substr(0, 16) == std::string(16, '\7'));
  CHECK(base.view().substr(0, 32) == variant.view().substr(0, 32));
  CHECK(base.view().substr(32) != variant.view().substr(32));
  CHECK(base.view().substr(0, 16) == other_url.view().substr(0, 16));
  CHECK(base.view().substr(16, 16) != other_url.view().substr(16, 16));
  CHECK(base.view().substr(16) == other_scope.view().substr(16));
  CHECK(base.view().substr(0, 16) != other_scope.view().substr(0, 16));
}

TEST_CASE("key: path and query do not flow into each other", "[cache]") {
  const KeyHasher hasher(secret_of(1));
  CHECK(key_of(hasher, scope_of(7), request_of("/v3/a", "b")) !=
        key_of(hasher, scope_of(7), request_of("/v3/ab", "")));
  CHECK(key_of(hasher, scope_of(7), request_of("/v3/a", "")) !=
        key_of(hasher, scope_of(7), request_of("", "/v3/a")));
}

TEST_CASE("key: another install secret gives other hashes", "[cache]") {
  const KeyHasher one(secret_of(1));
  const KeyHasher two(secret_of(2));
  const CanonicalRequest request = request_of("/v3/assets", "a=1");
  CHECK(key_of(one, scope_of(7), request).view().substr(16) !=
        key_of(two, scope_of(7), request).view().substr(16));
}

TEST_CASE("key: representation and each variant component count", "[cache]") {
  const KeyHasher hasher(secret_of(1));
  std::set<CacheKey> keys;
  CanonicalRequest request = request_of("/v3/assets", "a=1");
  keys.insert(key_of(hasher, scope_of(7), request));
  request.representation = Representation::gzip;
  keys.insert(key_of(hasher, scope_of(7), request));
  request.variants = "x";
  keys.insert(key_of(hasher, scope_of(7), request));
  request.variants.swap(request.early_access);
  keys.insert(key_of(hasher, scope_of(7), request));
  request.early_access.swap(request.forwarded);
  keys.insert(key_of(hasher, scope_of(7), request));
  request.send_environment = false;
  keys.insert(key_of(hasher, scope_of(7), request));
  CHECK(keys.size() == 6);
}

TEST_CASE("key: fixed bytes, for stored keys outlive the program", "[cache]") {
  const KeyHasher hasher(secret_of(1));
  const CacheKey key = key_of(hasher, scope_of(0xaa), request_of("/v3/assets", "limit=1", "v"));
  std::string hex;
  for (const std::uint8_t octet : key.bytes) {
    hex.push_back("0123456789abcdef"[octet >> 4]);
    hex.push_back("0123456789abcdef"[octet & 15]);
  }
  CHECK(hex ==
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "e45b1a18e1c18c8439ca3de4213f6315"
        "67aa9617246bad86");
}
