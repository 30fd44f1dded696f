// SPDX-License-Identifier: Apache-2.0
#include "daemon/tls/ticket_keys.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <thread>
#include <vector>

using namespace larder;

namespace {

constexpr Milliseconds kPeriod = 1'000;

/// Keys named 1, 2, 3, ...
struct Numbered {
  TicketKey operator()() {
    TicketKey key;
    key.name[0] = ++last;
    return key;
  }
  std::uint8_t last = 0;
};

std::vector<std::uint8_t> name_of(std::uint8_t number) {
  std::vector<std::uint8_t> name(TicketKey::kNameBytes);
  name[0] = number;
  return name;
}

}  // namespace

TEST_CASE("ticket keys: a key seals for one period, then the next one does", "[tls]") {
  TicketKeyRing ring(kPeriod);
  Numbered make;
  const auto sealer = [&](std::int64_t now) { return ring.to_seal({now}, std::ref(make)).name[0]; };
  CHECK(sealer(0) == 1);
  CHECK(sealer(999) == 1);
  CHECK(sealer(1'000) == 2);
  CHECK(sealer(1'999) == 2);
  CHECK(sealer(10'000) == 3);  // nobody came for long: one new key, not eight
}

TEST_CASE("ticket keys: the current key and the one before open tickets", "[tls]") {
  TicketKeyRing ring(kPeriod);
  Numbered make;
  for (const std::int64_t now : {0, 1'000, 2'000}) ring.to_seal({now}, std::ref(make));
  struct Case {
    const char* what;
    std::uint8_t key;
    std::int64_t now;
    bool opens;
    bool renews;
  };
  const auto c = GENERATE(values<Case>({
      {"the current one", 3, 2'000, true, false},
      {"the current one, at the end of its period", 3, 2'999, true, false},
      {"the current one, behind its period", 3, 3'000, true, true},
      {"the current one, after two periods", 3, 4'000, false, false},
      {"the one before", 2, 2'000, true, true},
      {"the one before, at its end", 2, 2'999, true, true},
      {"the one before, after two periods", 2, 3'000, false, false},
      {"the one before that", 1, 2'000, false, false},
      {"none", 9, 2'000, false, false},
  }));
  CAPTURE(c.what);
  const auto opener = ring.to_open(name_of(c.key), {c.now});
  REQUIRE(opener.has_value() == c.opens);
  if (!opener) return;
  CHECK(opener->key.name[0] == c.key);
  CHECK(opener->renew == c.renews);
}

TEST_CASE("ticket keys: an empty ring, and a name of another length, open nothing", "[tls]") {
  TicketKeyRing ring(kPeriod);
  CHECK_FALSE(ring.to_open(name_of(0), {0}));
  Numbered make;
  ring.to_seal({0}, std::ref(make));
  CHECK_FALSE(ring.to_open({}, {0}));
}

TEST_CASE("ticket keys: threads that share them get the same key", "[tls]") {
  TicketKeys keys(3'600'000, Numbered{});
  std::array<std::uint8_t, 4> seen{};
  std::vector<std::thread> threads;
  for (auto& one : seen) threads.emplace_back([&] { one = keys.to_seal().name[0]; });
  for (auto& thread : threads) thread.join();
  CHECK(seen == std::array<std::uint8_t, 4>{1, 1, 1, 1});
  CHECK(keys.to_open(name_of(1)).has_value());
}
