// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/access_record.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace {

larder::AccessRecord record_of(std::string_view target) {
  larder::AccessRecord record;
  record.time = {1'700'000'000'042};
  record.duration_us = 12;
  record.status = 200;
  record.outcome = larder::Outcome::hit;
  record.reason = larder::Reason::fresh;
  record.method = larder::Method::get;
  record.body_bytes = 5;
  record.scope = {0xab, 0xcd, 0, 1};
  record.set_target(target);
  record.set_client("127.0.0.1");
  return record;
}

std::string json_line(const larder::AccessRecord& record) {
  larder::CleanTargets targets;
  return larder::format_access_record(record, targets);
}

std::string combined_line(const larder::AccessRecord& record) {
  larder::CleanTargets targets;
  return larder::combined_access_line(record, targets);
}

}  // namespace

TEST_CASE("access record: a line is one JSON object", "[daemon]") {
  CHECK(json_line(record_of("/v3/a?b=\"c")) ==
        "{\"time\":1700000000.042,\"client\":\"127.0.0.1\",\"method\":\"GET\",\"target\":\"/v3/"
        "a?b=\\\"c\","
        "\"status\":200,\"outcome\":\"hit\",\"reason\":\"fresh\",\"detail\":\"-\",\"size\":5,"
        "\"duration_us\":"
        "12,\"scope\":\"abcd0001\","
        "\"key\":\"0000000000000000\",\"request_id\":\"\"}\n");
}

TEST_CASE("access record: a line has the request's id, and what became of the answer", "[daemon]") {
  auto record = record_of("/v3/a");
  record.id = larder::RequestId::of_text("id-1");
  record.detail = "set_cookie";
  const auto line = json_line(record);
  CHECK(line.find("\"detail\":\"set_cookie\"") != std::string::npos);
  CHECK(line.find("\"request_id\":\"id-1\"") != std::string::npos);
  record.id = larder::RequestId::of_text("cs0123456789abcdef01234567");
  CHECK(json_line(record).find("cs0123") == std::string::npos);
}

TEST_CASE("access record: no token reaches a line, wherever it stands in the target", "[daemon]") {
  for (const std::string target :
       {"/v3/a?access_token=cs0123456789abcdef01234567&x=1", "/v3/a?live_preview=hash1234567&x=1",
        "/v3/cs0123456789abcdef01234567", "/v3/a?access%5Ftoken=cs0123456789abcdef01234567"}) {
    CAPTURE(target);
    const auto line = json_line(record_of(target));
    CHECK(line.find("cs0123456789abcdef01234567") == std::string::npos);
    CHECK(line.find("hash1234567") == std::string::npos);
  }
}

TEST_CASE("access record: a long target is cut, and the line says so", "[daemon]") {
  const auto line = json_line(record_of("/" + std::string(5'000, 'a')));
  CHECK(line.find("\"target_bytes\":5001") != std::string::npos);
  CHECK(line.size() < 700);
}

TEST_CASE("access record: of a token that lies across the cut nothing is kept", "[daemon]") {
  const std::string token = "cs0123456789abcdef01234567";
  for (std::size_t before = 270; before < 310; ++before) {
    const std::string lead = "/v3/a?x=" + std::string(before - 12, 'y') + "&k=";
    const auto line = json_line(record_of(lead + token + "&z=1"));
    CAPTURE(before, line);
    CHECK(line.find("cs0") == std::string::npos);
    CHECK(line.find("\"/v3/a?x=") != std::string::npos);
  }
}

TEST_CASE("access record: a line says for how many it stands, and to which trace it belongs",
          "[daemon]") {
  auto record = record_of("/v3/a");
  record.trace =
      larder::TraceParent::of_text("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  record.share = 0.01F;
  CHECK(json_line(record).ends_with(
      "\"request_id\":\"\",\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"sample\":0.01}\n"));
  CHECK(combined_line(record).ends_with(
      " \"-\" \"-\" sample=0.01 trace_id=4bf92f3577b34da6a3ce929d0e0e4736\n"));
}

TEST_CASE("access record: the combined format of Apache and nginx", "[daemon]") {
  auto record = record_of("/v3/a?b=\"c\\\x01\xC3\xA4");
  CHECK(combined_line(record) ==
        "127.0.0.1 - - [14/Nov/2023:22:13:20 +0000] "
        "\"GET /v3/a?b=\\x22c\\x5C\\x01\\xC3\\xA4 HTTP/1.1\" 200 5 \"-\" \"-\"\n");
  record = record_of("/v3/a?access_token=cs0123456789abcdef01234567&live_preview=hash1234567");
  record.http_1_1 = false;
  record.method = larder::Method::head;
  const auto line = combined_line(record);
  CAPTURE(line);
  CHECK(line.find("cs0123") == std::string::npos);
  CHECK(line.find("hash1234567") == std::string::npos);
  CHECK(line.find("\"HEAD /v3/a?access_token=[redacted]") != std::string::npos);
  CHECK(line.find(" HTTP/1.0\" 200 5 ") != std::string::npos);
}
