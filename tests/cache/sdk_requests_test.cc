// SPDX-License-Identifier: Apache-2.0
#include <simdjson.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <map>

#include "conf/base/octets.h"
#include "tests/cache/request_builder.h"

using namespace larder;
using namespace larder::testing;

namespace {

struct Recorded {
  std::string title, upstream, route, target;
  std::int64_t times = 0;
  std::vector<std::pair<std::string, std::string>> headers;
};

std::string text(simdjson::dom::element element) {
  std::string_view view;
  return element.get(view) == simdjson::SUCCESS ? std::string(view) : std::string();
}

std::vector<Recorded> load() {
  const auto file = std::filesystem::path(LARDER_SOURCE_DIR) / "tests/data/sdk_requests.json";
  simdjson::dom::parser parser;
  simdjson::dom::element root = parser.load(file.string());
  std::vector<Recorded> all;
  for (const simdjson::dom::element row : root["requests"]) {
    Recorded recorded;
    recorded.title = text(row["sdk"]) + ": " + text(row["call"]);
    recorded.upstream = text(row["upstream"]);
    recorded.route = text(row["route"]);
    recorded.target = text(row["path"]);
    recorded.times = row["times"];
    if (row["query"].is_string()) recorded.target += "?" + text(row["query"]);
    for (const simdjson::dom::element header : row["headers"]) {
      recorded.headers.emplace_back(text(header.at(0)), text(header.at(1)));
    }
    all.push_back(std::move(recorded));
  }
  return all;
}

RequestBuilder builder_of(const Recorded& recorded) {
  RequestBuilder builder(recorded.target);
  for (const auto& [name, value] : recorded.headers) {
    if (equals_ignoring_case(name, "host")) builder.without("Host");
  }
  for (const auto& [name, value] : recorded.headers) builder.header(name, value);
  return builder;
}

}  // namespace

TEST_CASE("SDK requests: each takes its route", "[cache]") {
  const std::vector<Recorded> all = load();
  std::int64_t calls = 0;
  Decoded scratch;
  for (const Recorded& recorded : all) {
    CAPTURE(recorded.title, recorded.target);
    RequestBuilder builder = builder_of(recorded);
    const Outcome outcome = run(builder, Config{}, scratch);
    CAPTURE(outcome.refusal.cause, outcome.refusal.field);
    CHECK(name_of(outcome) == recorded.route);
    if (recorded.upstream == "preview") CHECK(outcome.fields.route == Route::preview);
    calls += recorded.times;
  }
  CHECK(calls == 238);
}

TEST_CASE("SDK requests: nothing of a credential is in canonical bytes, and they are stable",
          "[cache]") {
  Decoded scratch;
  for (const Recorded& recorded : load()) {
    RequestBuilder builder = builder_of(recorded);
    const Outcome outcome = run(builder, Config{}, scratch);
    if (outcome.bytes.empty()) continue;
    CAPTURE(recorded.title, recorded.target, outcome.canonical.query);
    for (const auto secret : {kApiKey, kToken, kPreviewToken, std::string_view("hash123")}) {
      CHECK(outcome.bytes.find(secret) == std::string::npos);
    }
    RequestBuilder again(outcome.canonical.path + "?" + outcome.canonical.query);
    for (const auto& [name, value] : recorded.headers) {
      if (!equals_ignoring_case(name, "host")) again.header(name, value);
    }
    const Outcome second = run(again, Config{}, scratch);
    CHECK(second.canonical.path == outcome.canonical.path);
    CHECK(second.canonical.query == outcome.canonical.query);
  }
}
