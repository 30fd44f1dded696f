// SPDX-License-Identifier: Apache-2.0
#include "cache/http/cache_control.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

using namespace larder;

namespace {

/// The directives in one fixed writing.
std::string said(const CacheControl& control) {
  std::string text;
  const auto flag = [&](bool value, const char* name) {
    if (value) text += std::string(name) + " ";
  };
  const auto number = [&](const std::optional<std::int64_t>& value, const char* name) {
    if (value) text += std::string(name) + "=" + std::to_string(*value) + " ";
  };
  flag(control.no_store, "no-store");
  flag(control.no_cache, "no-cache");
  flag(control.is_private, "private");
  flag(control.must_revalidate, "must-revalidate");
  number(control.max_age_s, "max-age");
  number(control.s_maxage_s, "s-maxage");
  number(control.stale_while_revalidate_s, "swr");
  number(control.stale_if_error_s, "sie");
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace

TEST_CASE("cache-control: directives", "[cache]") {
  struct Case {
    const char* value;
    const char* expected;
  };
  const auto c = GENERATE(values<Case>({
      {"", ""},
      {"public", ""},
      {"max-age=60", "max-age=60"},
      {"Max-Age=60, PUBLIC", "max-age=60"},
      {"s-maxage=5,max-age=60", "max-age=60 s-maxage=5"},
      {"no-store", "no-store"},
      {"no-cache", "no-cache"},
      {"no-cache=\"set-cookie\"", "no-cache"},
      {"private", "private"},
      {"private=\"x, y\", max-age=1", "private max-age=1"},
      {"must-revalidate", "must-revalidate"},
      {"proxy-revalidate", "must-revalidate"},
      {"stale-while-revalidate=10, stale-if-error=20", "swr=10 sie=20"},
      {"max-age=60, max-age=5", "max-age=5"},
      {"max-age =1", "max-age=0"},
      {"max-age= 1", "max-age=0"},
      {"max-age\t=\t1", "max-age=0"},
      {"max-age=60, max-age =1", "max-age=0"},
      {"no-store =x", "no-store"},
      {" max-age=1 ", "max-age=1"},
      {"max-age=5, max-age=60", "max-age=5"},
      {"max-age=\"60\"", "max-age=60"},
      {"max-age = 60", "max-age=0"},
      {"max-age", "max-age=0"},
      {"max-age=", "max-age=0"},
      {"max-age=-1", "max-age=0"},
      {"max-age=1.5", "max-age=0"},
      {"max-age=abc", "max-age=0"},
      {"max-age=60s", "max-age=0"},
      {"max-age=60 s", "max-age=0"},
      {"max-age=99999999999999999999", "max-age=2147483648"},
      {"s-maxage=x, s-maxage=60", "s-maxage=0"},
      {" , ,max-age=1,, ", "max-age=1"},
      {"max-age=1;no-store", "max-age=0"},
      {"x=\"no-store\"", ""},
      {"x=\"a, no-store, b\"", ""},
      {"x=\"a\\\", no-store, \\\"b\"", ""},
      {"x=\"a, no-store", "no-store"},
      {"x=\"a\\\", no-store", "no-store"},
      {"no-storex, xno-store", ""},
      {"max-age=1, community=\"UCI\"", "max-age=1"},
  }));
  CAPTURE(c.value);
  const CacheControl control = parse_cache_control(c.value);
  CHECK(said(control) == c.expected);
  CHECK(control.present);
}

TEST_CASE("cache-control: of two fields the stricter wins", "[cache]") {
  CacheControl control = parse_cache_control("max-age=60, stale-if-error=5");
  merge_cache_control(parse_cache_control("max-age=10, s-maxage=7, private"), control);
  merge_cache_control(parse_cache_control("max-age=20, stale-if-error=9"), control);
  CHECK(said(control) == "private max-age=10 s-maxage=7 sie=5");
}
