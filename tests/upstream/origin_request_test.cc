// SPDX-License-Identifier: Apache-2.0
#include "upstream/origin_request.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

namespace {

bool has(const larder::OriginRequest& request, std::string_view line) {
  return std::find(request.headers.begin(), request.headers.end(), line) != request.headers.end();
}

bool names(const larder::OriginRequest& request, std::string_view name) {
  return std::any_of(request.headers.begin(), request.headers.end(), [&](const std::string& line) {
    return line.starts_with(std::string(name) + ":");
  });
}

larder::Scope scope() {
  larder::Scope made;
  made.delivery_host = "https://cdn.test";
  made.preview_host = "https://preview.test";
  made.api_key = "blt1";
  made.environment = "prod & more";
  made.branch = "main";
  return made;
}

}  // namespace

TEST_CASE("origin request: a fill sends the canonical request, its scope and nothing else",
          "[upstream]") {
  larder::CanonicalRequest canonical;
  canonical.path = "/v3/assets";
  canonical.query = "limit=5";
  canonical.representation = larder::Representation::gzip;
  canonical.variants = "a,b";
  canonical.forwarded = "x-extra: 1\r\n";
  const auto request =
      larder::delivery_request(canonical, scope(), "cstoken", {"x-free: 2", "CDN-Loop: larder-x"});
  CHECK(request.host == "https://cdn.test");
  CHECK(request.url == "https://cdn.test/v3/assets?environment=prod%20%26%20more&limit=5");
  for (const auto* line : {"api_key: blt1", "access_token: cstoken", "branch: main",
                           "x-cs-variant-uid: a,b", "x-extra: 1", "x-free: 2",
                           "Accept-Encoding: gzip", "X-User-Agent: larder", "CDN-Loop: larder-x"}) {
    CAPTURE(line);
    CHECK(has(request, line));
  }
  CHECK_FALSE(names(request, "preview_token"));
}

TEST_CASE("origin request: a sync continuation without environment stays without", "[upstream]") {
  larder::CanonicalRequest canonical;
  canonical.path = "/v3/stacks/sync";
  canonical.query = "sync_token=t";
  canonical.send_environment = false;
  CHECK(larder::delivery_request(canonical, scope(), "t", {}).url ==
        "https://cdn.test/v3/stacks/sync?sync_token=t");
}

TEST_CASE("origin request: a value that could end its line is not sent", "[upstream]") {
  larder::CanonicalRequest canonical;
  canonical.path = "/v3/assets";
  const auto request = larder::delivery_request(canonical, scope(), "a\r\nevil: 1", {});
  CHECK_FALSE(names(request, "access_token"));
}

TEST_CASE("origin request: a preview keeps path and query as sent, and its credentials",
          "[upstream]") {
  larder::RequestFields fields;
  fields.path = "/content_types/blog/entries";
  fields.query = "&query={\"a\":1}&b[]=c";
  fields.api_key = "blt1";
  fields.access_token = "cs1";
  fields.preview_token = "csprev";
  fields.live_preview = "hash";
  fields.branch = "main";
  const auto request = larder::preview_request(fields, "https://preview.test");
  CHECK(request.url ==
        "https://preview.test/content_types/blog/entries?&query=%7B%22a%22:1%7D&b[]=c");
  CHECK(has(request, "preview_token: csprev"));
  CHECK(has(request, "live_preview: hash"));
  CHECK(has(request, "access_token: cs1"));
}

TEST_CASE("origin request: a pass never carries a preview token", "[upstream]") {
  larder::RequestFields fields;
  fields.path = "/v3/x";
  fields.api_key = "blt1";
  fields.access_token = "cs1";
  fields.preview_token = "csprev";
  fields.release_id = "rel";
  const auto request = larder::pass_request(fields, scope());
  CHECK_FALSE(names(request, "preview_token"));
  CHECK(has(request, "release_id: rel"));
}

TEST_CASE("origin request: CDN-Loop names the larders of the way and this one, and nobody else",
          "[upstream]") {
  larder::ServerConfig server;
  server.instance_id = "me";
  const std::vector<larder::HeaderView> headers{{"CDN-Loop", "cloudflare, larder-a; v=1, larder"},
                                                {"x", "larder-x"},
                                                {"cdn-loop", "larder-b\x01,larder-c"}};
  larder::RequestView request;
  CHECK(larder::loop_line(request, server) == "CDN-Loop: larder-me");
  request.headers = headers;
  CHECK(larder::loop_line(request, server) == "CDN-Loop: larder-a, larder-c, larder-me");
  server.instance_id.clear();
  const auto drawn = larder::loop_line({}, server);
  CHECK(drawn == larder::loop_line({}, server));
  CHECK(drawn.size() == std::string("CDN-Loop: larder-").size() + 16);
}
