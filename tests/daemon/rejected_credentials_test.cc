// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/rejected_credentials.h"

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <string>
#include <vector>

namespace {

larder::ScopeMac mac_of(std::uint32_t number) {
  larder::ScopeMac mac;
  std::memcpy(mac.bytes.data(), &number, sizeof number);
  return mac;
}

larder::CacheKey key_of(std::uint8_t number) {
  larder::CacheKey key;
  key.bytes[20] = number;
  return key;
}

std::vector<larder::Chunk> words() {
  return {std::make_shared<const std::string>("{}")};
}

}  // namespace

TEST_CASE(
    "rejected credentials: the refusal is held for seconds, the rejection until it is accepted",
    "[daemon]") {
  larder::RejectedCredentials rejected(5);
  auto head = std::make_shared<larder::AnswerHead>();
  rejected.reject(mac_of(1), head, {std::make_shared<const std::string>("{}")}, {10'000});
  REQUIRE(rejected.held(mac_of(1), key_of(1), {14'999}) != nullptr);
  CHECK(rejected.held(mac_of(1), key_of(1), {14'999})->head == head);
  CHECK(rejected.held(mac_of(1), key_of(1), {15'000}) == nullptr);
  CHECK(rejected.held(mac_of(2), key_of(1), {10'000}) == nullptr);
  CHECK(rejected.accept(mac_of(1)));
  CHECK_FALSE(rejected.accept(mac_of(1)));
  CHECK(rejected.size() == 0);
}

TEST_CASE("rejected credentials: their number is bounded, the oldest go", "[daemon]") {
  larder::RejectedCredentials rejected(5);
  for (std::uint32_t i = 0; i <= larder::kMaxRejectedCredentials; ++i)
    rejected.reject(mac_of(i), {}, {std::make_shared<const std::string>("{}")}, {1});
  CHECK(rejected.size() == larder::kMaxRejectedCredentials);
  CHECK(rejected.held(mac_of(0), key_of(1), {2}) == nullptr);
  CHECK(rejected.held(mac_of(1), key_of(1), {2}) != nullptr);
}

TEST_CASE("rejected credentials: a short refusal is held as a copy, a long one not at all",
          "[daemon]") {
  using larder::Chunk;
  using Rejected = larder::RejectedCredentials;
  const auto piece = [](std::size_t bytes) {
    return std::make_shared<const std::string>(bytes, 'x');
  };
  const std::vector<Chunk> body{piece(10), piece(20)};
  const auto copy = Rejected::copy_of(body);
  REQUIRE(copy.size() == 1);
  CHECK(*copy.front() == std::string(30, 'x'));
  CHECK(body.front().use_count() == 1);
  CHECK(Rejected::copy_of({piece(Rejected::kMaxHeldBytes), piece(1)}).empty());
  Rejected rejected(5);
  rejected.reject(mac_of(1), {}, {}, {1});
  CHECK(rejected.held(mac_of(1), key_of(1), {2}) == nullptr);
  CHECK(rejected.size() == 1);
}

TEST_CASE("rejected credentials: another hold counts for the refusals to come", "[daemon]") {
  larder::RejectedCredentials rejected(5);
  rejected.reject(mac_of(1), {}, {std::make_shared<const std::string>("{}")}, {0});
  rejected.set_hold(1);
  rejected.reject(mac_of(2), {}, {std::make_shared<const std::string>("{}")}, {0});
  CHECK(rejected.held(mac_of(1), key_of(1), {4'999}) != nullptr);
  CHECK(rejected.held(mac_of(2), key_of(1), {999}) != nullptr);
  CHECK(rejected.held(mac_of(2), key_of(1), {1'000}) == nullptr);
}

TEST_CASE("rejected credentials: a doubted refusal is answered to its own key alone", "[daemon]") {
  larder::RejectedCredentials rejected(5);
  const auto mac = mac_of(1);
  CHECK(rejected.doubt(mac, key_of(1), {}, words(), {10'000}));
  CHECK_FALSE(rejected.believes(mac));
  CHECK(rejected.believed() == 0);
  CHECK(rejected.held(mac, key_of(1), {10'001}) != nullptr);
  CHECK(rejected.held(mac, key_of(2), {10'001}) == nullptr);
  CHECK_FALSE(rejected.doubts_by_other(mac, key_of(1)));
  CHECK(rejected.doubts_by_other(mac, key_of(2)));
  SECTION("another request finds out once a second") {
    CHECK_FALSE(rejected.doubt(mac, key_of(1), {}, words(), {10'999}));
    CHECK(rejected.doubt(mac, key_of(1), {}, words(), {11'000}));
  }
  SECTION("it was not meant for the credential") {
    CHECK_FALSE(rejected.accept(mac));
    CHECK(rejected.size() == 0);
    CHECK_FALSE(rejected.doubts_by_other(mac, key_of(2)));
  }
  SECTION("it was") {
    rejected.reject(mac, {}, words(), {10'100});
    CHECK(rejected.believes(mac));
    CHECK(rejected.believed() == 1);
    CHECK(rejected.held(mac, key_of(2), {10'101}) != nullptr);
    CHECK_FALSE(rejected.doubts_by_other(mac, key_of(2)));
    CHECK(rejected.accept(mac));
    CHECK(rejected.believed() == 0);
  }
}
