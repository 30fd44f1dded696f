// SPDX-License-Identifier: Apache-2.0
#include "daemon/socket_match.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <vector>

using larder::ListenAddress;
using larder::match_sockets;
using larder::spread_sockets;

namespace {

using Indices = std::vector<std::size_t>;

ListenAddress tcp(const std::string& host, std::uint16_t port) {
  return {.host = host, .port = port};
}
ListenAddress path(const std::string& path) {
  return {.family = ListenAddress::Family::unix_socket, .host = path};
}

}  // namespace

TEST_CASE("socket match: an address is the same however it is written", "[daemon]") {
  struct Case {
    std::string name;
    ListenAddress wanted;
    ListenAddress inherited;
    bool match;
  };
  const auto c = GENERATE(values<Case>({
      {"equal", tcp("127.0.0.1", 80), tcp("127.0.0.1", 80), true},
      {"another port", tcp("127.0.0.1", 80), tcp("127.0.0.1", 81), false},
      {"another address", tcp("127.0.0.1", 80), tcp("127.0.0.2", 80), false},
      {"all of IPv4", tcp("0.0.0.0", 80), tcp("0.0.0.0", 80), true},
      {"all is not one", tcp("127.0.0.1", 80), tcp("0.0.0.0", 80), false},
      {"IPv6 in two forms", tcp("0:0:0:0:0:0:0:1", 80), tcp("::1", 80), true},
      {"IPv6 is not IPv4", tcp("0.0.0.0", 80), tcp("::", 80), false},
      {"any free port", tcp("127.0.0.1", 0), tcp("127.0.0.1", 0), false},
      {"a path", path("/run/a.sock"), path("/run/a.sock"), true},
      {"another path", path("/run/a.sock"), path("/run/b.sock"), false},
      {"a path is no address", path("127.0.0.1"), tcp("127.0.0.1", 0), false},
  }));
  DYNAMIC_SECTION(c.name) {
    const auto match = match_sockets({c.wanted}, {c.inherited});
    CHECK(match.of_wanted.at(0) == (c.match ? Indices{0} : Indices{}));
    CHECK(match.unmatched == (c.match ? Indices{} : Indices{0}));
  }
}

TEST_CASE("socket match: each socket goes to one address, several may go to one", "[daemon]") {
  const auto match = match_sockets({tcp("::1", 1), tcp("::1", 2), tcp("::1", 1)},
                                   {tcp("::1", 2), tcp("::1", 1), tcp("::1", 3), tcp("::1", 1)});
  CHECK(match.of_wanted == std::vector<Indices>{{1, 3}, {0}, {}});
  CHECK(match.unmatched == Indices{2});
}

TEST_CASE("socket match: no socket is without a worker, and no worker without a socket",
          "[daemon]") {
  struct Case {
    std::size_t sockets;
    std::size_t workers;
    std::vector<Indices> of_worker;
  };
  const auto c = GENERATE(values<Case>({
      {0, 2, {{}, {}}},
      {1, 1, {{0}}},
      {1, 3, {{0}, {0}, {0}}},
      {2, 3, {{0}, {1}, {0}}},
      {3, 3, {{0}, {1}, {2}}},
      {5, 2, {{0, 2, 4}, {1, 3}}},
  }));
  CAPTURE(c.sockets, c.workers);
  CHECK(spread_sockets(c.sockets, c.workers) == c.of_worker);
}

TEST_CASE("socket match: what fits nowhere is told with what would fit", "[daemon]") {
  const auto text = larder::unmatched_text(tcp("::", 80), "larderd.socket",
                                           {tcp("127.0.0.1", 8'080), path("/run/a.sock")});
  for (const char* part :
       {"[::]:80", "larderd.socket", "127.0.0.1:8080", "unix:/run/a.sock", "ListenStream="}) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
  }
}
