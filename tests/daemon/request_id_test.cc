// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/request_id.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <vector>

namespace {

using larder::HeaderView;
using larder::RequestId;
using larder::RequestView;

const std::string kToken = "unshaped-token-of-a-client";

}  // namespace

TEST_CASE("request id: a made one is sixteen hex digits of its number", "[daemon]") {
  CHECK(RequestId::made(0).text() == "0000000000000000");
  CHECK(RequestId::made(0x0123'4567'89ab'cdef).text() == "0123456789abcdef");
  CHECK(RequestId::made(~0ull).text() == "ffffffffffffffff");
}

TEST_CASE("request id: a client's is taken if it is a short token and no credential", "[daemon]") {
  struct Case {
    const char* name;
    std::string id;
    bool taken;
  };
  const auto c = GENERATE(values<Case>({
      {"a UUID", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", true},
      {"one octet", "1", true},
      {"all kinds of token characters", "!#$%&'*+-.^_`|~aZ9", true},
      {"the longest", std::string(64, 'a'), true},
      {"none", "", false},
      {"too long", std::string(65, 'a'), false},
      {"a blank", "a b", false},
      {"a quote", "a\"b", false},
      {"a slash", "a/b", false},
      {"a control character", std::string("a\x01"), false},
      {"beyond ASCII", "caf\xc3\xa9", false},
      {"the shape of a token", "cs0123456789abcdef01234567", false},
      {"that shape in it", "id-csprev0123456789abcdef0123", false},
      {"the request's own token", kToken, false},
      {"its own token in it", "x-" + kToken, false},
      {"of Authorization the credential", "dXNlcjpwYXNz", false},
      {"a credential of the query", "query-secret", false},
      {"a credential of the query in it", "xquery-secret", false},
      {"a part of one", "query-", false},
      {"fewer octets of one", "query", true},
      {"one whose name is escaped", "escaped-name", false},
      {"one whose value is escaped", "escaped-value", false},
      {"one with an index", "indexed", false},
      {"a value of a cookie", "first-cookie", false},
      {"that in it", "x.second-cookie", false},
      {"a short word of a credential", "abc", false},
      {"what has that in it", "id-abc-1", true},
      {"of Proxy-Authorization the credential", "cHJveHk6cGFzcw", false},
      {"of Authorization the credential in it", "x-dXNlcjpwYXNz", false},
      {"a value of the query that is none", "blog", true},
  }));
  DYNAMIC_SECTION(c.name) {
    CAPTURE(c.id);
    const std::vector<HeaderView> headers{{"Host", "x"},
                                          {"access_token", kToken},
                                          {"Authorization", "Basic dXNlcjpwYXNz"},
                                          {"Proxy-Authorization", "Basic cHJveHk6cGFzcw"},
                                          {"Cookie", "a=first-cookie; b=second-cookie; c=abc"}};
    const RequestView request{.target =
                                  "/v3/a?ct=blog&preview_token=query-secret&b=1"
                                  "&live%5Fpreview=escaped-name&live_preview=%65scaped-value"
                                  "&access_token[]=indexed",
                              .headers = headers,
                              .request_id = c.id};
    CHECK(RequestId::of_client(request).text() == (c.taken ? c.id : ""));
  }
}

TEST_CASE("request id: a trace is taken if it is one and gives no credential away", "[daemon]") {
  const std::string parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  struct Case {
    const char* name;
    const char* token;
    bool taken;
  };
  const auto c = GENERATE(values<Case>({
      {"another token", "cs0123456789abcdef01234567", true},
      {"a token that is a trace", "4bf92f3577b34da6a3ce929d0e0e4736", false},
      {"a token in it", "577b34da6a3c", false},
      {"a token that it is in", "x00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x", false},
  }));
  DYNAMIC_SECTION(c.name) {
    const std::vector<HeaderView> headers{{"Host", "x"}, {"access_token", c.token}};
    const RequestView request{.target = "/v3/a", .headers = headers, .trace_parent = parent};
    CHECK(trace_of_client(request).empty() != c.taken);
  }
}
