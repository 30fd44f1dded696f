// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <string>

#include "daemon/client/known_requests.h"

namespace {

using larder::KnownRequest;
using larder::KnownRequests;
using Role = larder::ListenerConfig::Role;

larder::RequestView request_of(std::string_view target, std::uint64_t header_id = 1) {
  return {.method = larder::Method::get, .target = target, .headers = {}, .header_id = header_id};
}

larder::CacheKey key_of(std::uint8_t number) {
  larder::CacheKey key;
  key.bytes.fill(number);
  return key;
}

const std::shared_ptr<const larder::Scope> kScope = std::make_shared<larder::Scope>();
constexpr std::string_view kTarget = "/v3/content_types/blog/entries/blt1?environment=production";

void learn(KnownRequests& known, const larder::RequestView& request, std::uint8_t number = 1,
           int times = 2) {
  for (int i = 0; i < times; ++i) {
    known.learn(request, Role::delivery, "canonical " + std::to_string(number), key_of(number),
                kScope, larder::Reason::open_scope);
  }
}

}  // namespace

TEST_CASE("known requests: one that came twice is found with all that was made of it", "[daemon]") {
  KnownRequests known;
  const auto request = request_of(kTarget);
  CHECK(known.find(request, Role::delivery) == nullptr);
  learn(known, request, 7, 1);
  CHECK(known.find(request, Role::delivery) == nullptr);
  learn(known, request, 7, 1);
  const KnownRequest* found = known.find(request, Role::delivery);
  REQUIRE(found != nullptr);
  CHECK(found->target() == kTarget);
  CHECK(found->canonical() == "canonical 7");
  CHECK(found->key == key_of(7));
  CHECK(found->scope == kScope);
}

TEST_CASE("known requests: another header block, role or target is another request", "[daemon]") {
  KnownRequests known;
  learn(known, request_of(kTarget, 1));
  CHECK(known.find(request_of(kTarget, 2), Role::delivery) == nullptr);
  CHECK(known.find(request_of(kTarget, 0), Role::delivery) == nullptr);
  CHECK(known.find(request_of(kTarget, 1), Role::preview) == nullptr);
  const std::string longer = std::string(kTarget) + "x";
  CHECK(known.find(request_of(longer), Role::delivery) == nullptr);
  CHECK(known.find(request_of(kTarget.substr(0, kTarget.size() - 1)), Role::delivery) == nullptr);
  CHECK(known.find(request_of(kTarget, 1), Role::delivery) != nullptr);
}

TEST_CASE("known requests: nothing is kept of an unknown header block, nor of a long request",
          "[daemon]") {
  KnownRequests known;
  learn(known, request_of(kTarget, 0));
  CHECK(known.find(request_of(kTarget, 0), Role::delivery) == nullptr);
  const std::string target = "/v3/assets?query=" + std::string(KnownRequests::kMaxText, 'x');
  learn(known, request_of(target));
  CHECK(known.find(request_of(target), Role::delivery) == nullptr);
}

TEST_CASE("known requests: in one place the last that came twice in a row is kept, and no other",
          "[daemon]") {
  KnownRequests known;
  learn(known, request_of(kTarget));
  // By count alone several of these share its place.
  bool displaced = false;
  for (std::size_t i = 0; i < 20 * KnownRequests::kPlaces; ++i) {
    const std::string target = "/v3/assets/blt" + std::to_string(i);
    learn(known, request_of(target), 2, 1);
    REQUIRE(known.find(request_of(target), Role::delivery) == nullptr);
  }
  CHECK(known.find(request_of(kTarget), Role::delivery) != nullptr);
  for (std::size_t i = 0; i < 20 * KnownRequests::kPlaces && !displaced; ++i) {
    const std::string target = "/v3/assets/blt" + std::to_string(i);
    learn(known, request_of(target), 2);
    const KnownRequest* found = known.find(request_of(target), Role::delivery);
    REQUIRE(found != nullptr);
    CHECK(found->target() == target);
    CHECK(found->key == key_of(2));
    displaced = known.find(request_of(kTarget), Role::delivery) == nullptr;
  }
  CHECK(displaced);
}
