// SPDX-License-Identifier: Apache-2.0
#include "upstream/answer.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

using larder::OriginCause;
using larder::OriginError;

TEST_CASE("answer: each cause of an origin's failure has a status, a word and a text of its own",
          "[upstream]") {
  struct Case {
    OriginCause cause;
    int status;
    std::string detail, fwd;
  };
  const auto c = GENERATE(Case{OriginCause::dns, 502, "dns", "miss"},
                          Case{OriginCause::private_address, 502, "private-address", "miss"},
                          Case{OriginCause::connect, 502, "connect", "miss"},
                          Case{OriginCause::tls, 502, "tls", "miss"},
                          Case{OriginCause::timed_out, 504, "timeout", "miss"},
                          Case{OriginCause::broken, 502, "broken-connection", "miss"},
                          Case{OriginCause::protocol, 502, "protocol", "miss"},
                          Case{OriginCause::too_large, 502, "too-large", "miss"},
                          Case{OriginCause::rate_limited, 503, "rate-limited", ""},
                          Case{OriginCause::host_open, 503, "host-open", ""},
                          Case{OriginCause::overload, 503, "overload", ""});
  CAPTURE(c.detail);
  const auto refusal = larder::refusal_of(OriginError{c.cause, "x", 7});
  CHECK(refusal.status == c.status);
  CHECK(refusal.error_code == c.status);
  CHECK(refusal.detail == c.detail);
  CHECK(refusal.fwd == c.fwd);
  CHECK(refusal.retry_after_s == 7);
  for (std::size_t i = 0; i < larder::kOriginCauses; ++i) {
    const auto other = static_cast<OriginCause>(i);
    if (other == c.cause) continue;
    CHECK(std::string(larder::refusal_of(OriginError{other, ""}).cause) != refusal.cause);
  }
}

TEST_CASE("answer: who waited for an answer of 429 or 503 is told when to come again",
          "[upstream]") {
  struct Case {
    int status;
    std::vector<std::string> lines;
    int told;
    std::int64_t retry_after_s;
  };
  const auto c = GENERATE(Case{429, {"Retry-After: 30"}, 429, 30}, Case{429, {}, 429, 1},
                          Case{503, {"Retry-After: 7"}, 503, 7}, Case{503, {}, 503, 0},
                          Case{500, {"Retry-After: 7"}, 502, 0});
  CAPTURE(c.status, c.lines);
  larder::ResponseFacts facts;
  facts.status = c.status;
  for (const auto& line : c.lines) larder::add_header_line(facts, line);
  const auto refusal = larder::refusal_of_answer(facts);
  CHECK(refusal.status == c.told);
  CHECK(refusal.retry_after_s == c.retry_after_s);
}
