// SPDX-License-Identifier: Apache-2.0
#include "daemon/tls/tls_state.h"

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>
#include <utility>

using namespace larder;

TEST_CASE("TLS state: only the moves that are documented are legal", "[tls]") {
  using S = TlsState;
  const std::set<std::pair<S, S>> legal{{S::handshaking, S::open},
                                        {S::handshaking, S::closing},
                                        {S::open, S::ended},
                                        {S::open, S::closing},
                                        {S::ended, S::closing}};
  std::set<std::string> names;
  for (std::size_t from = 0; from < kTlsStates; ++from) {
    names.insert(name_of(static_cast<S>(from)));
    for (std::size_t to = 0; to < kTlsStates; ++to) {
      CAPTURE(name_of(static_cast<S>(from)), name_of(static_cast<S>(to)));
      const std::pair move{static_cast<S>(from), static_cast<S>(to)};
      CHECK(is_legal(move.first, move.second) == legal.contains(move));
    }
  }
  CHECK(names.size() == kTlsStates);
}
