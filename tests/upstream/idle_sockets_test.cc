// SPDX-License-Identifier: Apache-2.0
#include "upstream/idle_sockets.h"

#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <list>

namespace {

/// Both ends of a connection.
struct Pair {
  Pair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0); }
  ~Pair() {
    for (const int end : ends) {
      if (end >= 0) ::close(end);
    }
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  void hang_up() {
    ::close(ends[1]);
    ends[1] = -1;
  }
  std::array<int, 2> ends{};
};

}  // namespace

TEST_CASE("idle sockets: bytes on any of them are noticed", "[upstream]") {
  larder::IdleSockets idle;
  std::list<Pair> pairs(40);
  for (const auto& pair : pairs) idle.add(pair.ends[0]);
  CHECK_FALSE(idle.any_has_bytes());
  REQUIRE(::send(pairs.back().ends[1], "x", 1, 0) == 1);
  CHECK(idle.any_has_bytes());
  CHECK_FALSE(idle.any_has_bytes());
}

TEST_CASE("idle sockets: a connection that had bytes is at its end for whoever reads it next",
          "[upstream]") {
  larder::IdleSockets idle;
  Pair pair;
  idle.add(pair.ends[0]);
  const std::string much(10'000, 'x');
  REQUIRE(::send(pair.ends[1], much.data(), much.size(), 0) == 10'000);
  CHECK(idle.any_has_bytes());
  char byte = 0;
  CHECK(::recv(pair.ends[0], &byte, 1, MSG_DONTWAIT) == 0);
}

TEST_CASE("idle sockets: those that the peer has closed hide nobody else's bytes", "[upstream]") {
  larder::IdleSockets idle;
  std::list<Pair> pairs(40);
  for (auto& pair : pairs) {
    idle.add(pair.ends[0]);
    if (&pair != &pairs.back()) pair.hang_up();
  }
  CHECK_FALSE(idle.any_has_bytes());
  REQUIRE(::send(pairs.back().ends[1], "x", 1, 0) == 1);
  CHECK(idle.any_has_bytes());
}

TEST_CASE("idle sockets: bytes before the peer's end count", "[upstream]") {
  larder::IdleSockets idle;
  Pair pair;
  idle.add(pair.ends[0]);
  idle.add(pair.ends[0]);
  REQUIRE(::send(pair.ends[1], "x", 1, 0) == 1);
  pair.hang_up();
  CHECK(idle.any_has_bytes());
}

TEST_CASE("idle sockets: a descriptor that is closed already is nobody's", "[upstream]") {
  larder::IdleSockets idle;
  idle.add(1'000'000);
  CHECK_FALSE(idle.any_has_bytes());
}
