// SPDX-License-Identifier: Apache-2.0
#include "daemon/http1/answer_text.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

TEST_CASE("answer text: dates are those of RFC 9110", "[daemon]") {
  larder::DateText date;
  CHECK(date.at({784'111'777'000}) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(date.at({784'111'777'999}) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(date.at({784'111'778'000}) == "Sun, 06 Nov 1994 08:49:38 GMT");
}

TEST_CASE("answer text: the tail of a head has Age only where there is one", "[daemon]") {
  std::string out;
  larder::append_head_tail(
      out, {.date = "D", .age_s = 7, .cache_status = "larder; hit", .close = false});
  CHECK(out == "Date: D\r\nAge: 7\r\nCache-Status: larder; hit\r\n\r\n");
  out.clear();
  larder::append_head_tail(
      out, {.date = "D", .age_s = -1, .cache_status = "larder; fwd=miss", .close = true});
  CHECK(out == "Date: D\r\nCache-Status: larder; fwd=miss\r\nConnection: close\r\n\r\n");
}

TEST_CASE("answer text: a head that has its Date gets no other", "[daemon]") {
  std::string out;
  larder::append_head_tail(out, {.date = {}, .age_s = 0, .cache_status = "larder; hit"});
  CHECK(out == "Age: 0\r\nCache-Status: larder; hit\r\n\r\n");
}

TEST_CASE("answer text: errors have the API's own shape", "[daemon]") {
  const larder::Refusal refusal{
      .status = 401, .error_code = 105, .cause = "no \"token\"", .field = "access_token"};
  CHECK(
      larder::error_body(refusal) ==
      R"({"error_message":"no \"token\"","error_code":105,"errors":{"access_token":["no \"token\""]}})");
  const auto whole = larder::error_answer(refusal, "D", true, true);
  CHECK(whole.starts_with("HTTP/1.1 401 "));
  CHECK(whole.find("Connection: close\r\n") != std::string::npos);
  CHECK(whole.ends_with("}}"));
  CHECK(larder::error_answer(refusal, "D", false, false).ends_with("\r\n\r\n"));
}

TEST_CASE(
    "answer text: Cache-Status tells an origin's failure from a refusal, 503 says when to retry",
    "[daemon]") {
  const auto answer = [](const larder::Refusal& refusal) {
    return larder::error_answer(refusal, "D", false, true);
  };
  const auto refused = answer({.status = 400});
  CHECK(refused.find("Cache-Status: larder; detail=refused\r\n") != std::string::npos);
  CHECK(refused.find("Retry-After") == std::string::npos);
  const auto failed = answer({.status = 502, .detail = "dns", .fwd = "miss"});
  CHECK(failed.find("Cache-Status: larder; fwd=miss; detail=dns\r\n") != std::string::npos);
  CHECK(failed.find("Retry-After") == std::string::npos);
  CHECK(answer({.status = 429, .retry_after_s = 30}).find("\r\nRetry-After: 30\r\n") !=
        std::string::npos);
  CHECK(answer({.status = 503}).find("\r\nRetry-After: 1\r\n") != std::string::npos);
}

TEST_CASE("answer text: a preflight allows the names that were asked for", "[daemon]") {
  struct Case {
    const char* name;
    std::string asked;
    std::string allowed;
  };
  const std::string known =
      "api_key, access_token, branch, environment, preview_token, live_preview, release_id, "
      "preview_timestamp, x-cs-variant-uid, x-header-ea, x-user-agent, content-type, authorization";
  std::string many, first64;
  for (int i = 0; i < 100; ++i) {
    const std::string one = "x-" + std::to_string(i);
    many += (i == 0 ? "" : ",") + one;
    if (i < 64) first64 += (i == 0 ? "" : ", ") + one;
  }
  const auto c = GENERATE_COPY(values<Case>({
      {"none asked for", "", known},
      {"those of tracing", "traceparent,sentry-trace,baggage,x-request-id",
       "traceparent, sentry-trace, baggage, x-request-id"},
      {"with larder's own", "access_token, api_key,x-tenant", "access_token, api_key, x-tenant"},
      {"what is no token is left out", "a b, x:y, ok, \"q\", , z\xc3\xa9", "ok"},
      {"nothing but that", "a b", known},
      {"a hundred", many, first64},
      {"beyond a KiB", "a," + std::string(2'000, 'b') + ",c", "a"},
  }));
  DYNAMIC_SECTION(c.name) {
    const auto text = larder::preflight_answer(c.asked, "D", false);
    CHECK(text.starts_with("HTTP/1.1 204 "));
    CHECK(text.find("\r\nAccess-Control-Allow-Headers: " + c.allowed + "\r\n") !=
          std::string::npos);
  }
}

TEST_CASE("answer text: the idle time-out is announced, a second less than it is", "[daemon]") {
  CHECK(larder::keep_alive_lines(15'000) == "Connection: keep-alive\r\nKeep-Alive: timeout=14\r\n");
  CHECK(larder::keep_alive_lines(15'999) == "Connection: keep-alive\r\nKeep-Alive: timeout=14\r\n");
  CHECK(larder::keep_alive_lines(2'000) == "Connection: keep-alive\r\nKeep-Alive: timeout=1\r\n");
  CHECK(larder::keep_alive_lines(1'999).empty());  // 0 would mean that there is no such time-out
  CHECK(larder::keep_alive_lines(1).empty());
  std::string out;
  larder::append_head_tail(
      out, {.date = "D", .cache_status = "larder", .keep_alive = "Keep-Alive: x\r\n"});
  CHECK(out == "Date: D\r\nCache-Status: larder\r\nKeep-Alive: x\r\n\r\n");
  out.clear();
  larder::append_head_tail(
      out,
      {.date = "D", .cache_status = "larder", .close = true, .keep_alive = "Keep-Alive: x\r\n"});
  CHECK(out == "Date: D\r\nCache-Status: larder\r\nConnection: close\r\n\r\n");
}
