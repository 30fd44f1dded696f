// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/contestants.h"

namespace larder::bench {
namespace {

constexpr std::string_view kVarnishConfig = R"(vcl 4.1;
backend origin { .host = "127.0.0.1"; .port = "{origin}"; }
sub vcl_recv {
  unset req.http.Cookie;
  return (hash);
}
sub vcl_hash {
  hash_data(req.url);
  hash_data(req.http.api_key);
  hash_data(req.http.access_token);
  hash_data(req.http.branch);
  hash_data(req.http.environment);
  return (lookup);
}
sub vcl_backend_response {
  unset beresp.http.Set-Cookie;
  unset beresp.http.Vary;
  set beresp.ttl = 0s;
  if (beresp.status == 200) { set beresp.ttl = 30d; }
  return (deliver);
}
)";

}  // namespace

Contestant start_varnish(const std::string& program, const Stage& stage) {
  const std::filesystem::path folder = folder_of(stage, "varnish");
  const std::uint16_t port = free_port();
  const std::string address = "127.0.0.1:" + std::to_string(port);
  write_file(folder / "larder.vcl",
             fill_in(kVarnishConfig, {{"origin", std::to_string(stage.origin_port)}}));
  std::vector<std::string> words{program, "-F", "-j", "none", "-T", "none", "-a", address};
  words.insert(words.end(), {"-n", (folder / "work").string()});
  words.insert(words.end(), {"-f", (folder / "larder.vcl").string()});
  words.insert(words.end(), {"-s", "malloc," + std::to_string(stage.cache_bytes)});
  for (const char* parameter :
       {"thread_pools=1", "http_gzip_support=off", "listen_depth=4096", "timeout_idle=300"}) {
    words.insert(words.end(), {"-p", parameter});
  }
  Child child(words, {.cpu = stage.cpu, .out_file = {}, .err_file = folder / "varnish.log"});
  return when_listening("varnish", std::move(child), port);
}

}  // namespace larder::bench
