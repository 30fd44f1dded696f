// SPDX-License-Identifier: Apache-2.0

// The key as a test build has it: four bits of hash and no scope, so that everything collides and
// only the comparison of canonical bytes and scope tells requests apart. Compiled here a second
// time, under another name beside the real one.
#define LARDER_KEY_HASH_BITS 4
#define KeyHasher CollidingKeyHasher
#include "cache/request/canonical.h"
#include "cache/scope/key.cc"
#undef KeyHasher

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <set>

using namespace larder;

TEST_CASE("key: with a hash of four bits at most sixteen keys exist, whatever the scope",
          "[cache]") {
  InstallSecret secret;
  secret.bytes.fill(1);
  const CollidingKeyHasher hasher(secret);
  std::map<std::string_view, std::set<std::string>> by_key;
  std::set<CacheKey> keys;
  for (int i = 0; i < 1'000; ++i) {
    CanonicalRequest request;
    request.path = "/v3/assets/" + std::to_string(i / 2);
    request.variants = i % 2 ? "v" : "";
    ScopeMac scope;
    scope.bytes.fill(static_cast<std::uint8_t>(i));
    std::string bytes;
    const std::size_t url_length = write_canonical_bytes(request, bytes);
    const auto at = keys.insert(hasher.key(scope, bytes, url_length)).first;
    // What a lookup compares still differs for each of them.
    CHECK(by_key[at->view()].insert(bytes).second);
  }
  CHECK(keys.size() == 16);
}
