// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "bench/peers/contestants.h"

namespace larder::bench {
namespace {

/// What its cache keeps answers apart by is the host and the URL: the credentials go into the query
/// for the time of the lookup.
constexpr std::string_view kHaproxyConfig = R"(global
  maxconn 4500
  nbthread 1
defaults
  mode http
  maxconn 4500
  timeout connect 5s
  timeout client 300s
  timeout server 60s
  timeout http-keep-alive 300s
  http-reuse always
cache objects
  total-max-size {megabytes}
  max-object-size {most}
  max-age 2592000
frontend clients
  bind 127.0.0.1:{port} backlog 4096
  http-request set-var(txn.query) query
  http-request set-query %[query]&%[req.hdr(api_key)]|%[req.hdr(access_token)]|%[req.hdr(branch)]|%[req.hdr(environment)]
  http-request cache-use objects
  http-request set-query %[var(txn.query)]
  http-response del-header Vary
  http-response set-header Cache-Control max-age=2592000 if { status 200 }
  http-response cache-store objects
  default_backend origin
backend origin
  server origin 127.0.0.1:{origin}
)";

constexpr std::uint64_t kMostMegabytes = 4'095;

}  // namespace

Contestant start_haproxy(const std::string& program, const Stage& stage) {
  const std::filesystem::path folder = folder_of(stage, "haproxy");
  const std::uint16_t port = free_port();
  const std::uint64_t megabytes =
      std::clamp<std::uint64_t>(stage.cache_bytes >> 20, 1, kMostMegabytes);
  write_file(folder / "haproxy.cfg",
             fill_in(kHaproxyConfig, {{"port", std::to_string(port)},
                                      {"origin", std::to_string(stage.origin_port)},
                                      {"megabytes", std::to_string(megabytes)},
                                      {"most", std::to_string((megabytes << 20) / 4)}}));
  Child child({program, "-db", "-f", (folder / "haproxy.cfg").string()},
              {.cpu = stage.cpu, .out_file = {}, .err_file = folder / "haproxy.log"});
  return when_listening("haproxy", std::move(child), port);
}

}  // namespace larder::bench
