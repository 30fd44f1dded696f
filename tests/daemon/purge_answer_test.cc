// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/purge_answer.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace larder;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const ScopeLabel kLabel{{}, "https://cdn.example", "blt1", "live", "main"};

}  // namespace

TEST_CASE("purge answer: how many there were in each scope, whoever's token it was", "[daemon]") {
  PurgeOrder order;
  order.what = PurgeOrder::What::scope;
  order.counts = true;
  PurgeResult result;
  result.objects = 5;
  result.fills = 1;
  result.touched = {{kLabel, 2}, {kLabel, 3}};
  const std::string answer = purge_answer(order, result, Config{});
  CAPTURE(answer);
  CHECK(answer.starts_with("HTTP/1.1 200 "));
  CHECK(has(answer, R"({"purged":5,"fills":1,"scopes":[{"api_key":"blt1","environment":"live",)"
                    R"("branch":"main","objects":5}]})"));
  order.dry_run = true;
  CHECK(has(purge_answer(order, result, Config{}), R"({"dry_run":true,"would_purge":5,"scopes":)"));
}

TEST_CASE("purge answer: what was not counted is not known, but for rows that were removed",
          "[daemon]") {
  PurgeOrder order;
  order.what = PurgeOrder::What::scope;
  PurgeResult result;
  result.fills = 2;
  const std::string answer = purge_answer(order, result, Config{});
  CAPTURE(answer);
  CHECK(answer.starts_with("HTTP/1.1 200 "));
  CHECK(answer.ends_with("\r\n\r\n{\"purged\":null,\"fills\":2}\n"));
  order.what = PurgeOrder::What::url;
  result.objects = 3;
  CHECK(has(purge_answer(order, result, Config{}), R"({"purged":3,"fills":2,)"));
}

TEST_CASE("purge answer: of nothing it says why, but for a purge of all", "[daemon]") {
  PurgeOrder order;
  order.what = PurgeOrder::What::scope;
  order.counts = true;
  order.branch = "mian";
  PurgeResult result;
  result.scopes = {kLabel};
  const std::string answer = purge_answer(order, result, Config{});
  CAPTURE(answer);
  CHECK(answer.starts_with("HTTP/1.1 404 "));
  CHECK(has(answer, R"(the nearest is \"main\")"));
  order = {};
  CHECK(purge_answer(order, result, Config{}).starts_with("HTTP/1.1 200 "));
  result.error = Error{Error::Code::io, "the disk is full"};
  CHECK(has(purge_answer(order, result, Config{}), "not purged: the disk is full"));
}
