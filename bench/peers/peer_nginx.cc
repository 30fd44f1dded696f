// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "bench/peers/contestants.h"

namespace larder::bench {
namespace {

constexpr std::string_view kNginxConfig = R"({user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events { worker_connections 9000; }
http {
  access_log off;
  sendfile off;
  output_buffers 1 128k;
  tcp_nodelay on;
  keepalive_timeout 300s;
  keepalive_requests 1000000000;
  underscores_in_headers on;
  open_file_cache max=20000 inactive=1h;
  open_file_cache_valid 1h;
  client_body_temp_path {folder}/client;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  proxy_cache_path {folder}/cache levels=1:2 keys_zone=cache:256m max_size={cache_bytes} inactive=30d use_temp_path=off;
  upstream origin { server 127.0.0.1:{origin}; keepalive 128; }
  server {
    listen 127.0.0.1:{port} backlog=4096;
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache cache;
      proxy_cache_lock on;
      proxy_cache_valid 200 30d;
      proxy_ignore_headers Cache-Control Expires Set-Cookie Vary X-Accel-Expires;
      proxy_cache_key $http_api_key|$http_access_token|$http_branch|$http_environment|$request_uri;
    }
  }
}
)";

}  // namespace

Contestant start_nginx(const std::string& program, const Stage& stage) {
  const std::filesystem::path folder = folder_of(stage, "nginx");
  const std::uint16_t port = free_port();
  // Without it the worker of a master that is root could not read what is below our directory.
  const char* const user = ::geteuid() == 0 ? "user root;" : "";
  write_file(folder / "nginx.conf",
             fill_in(kNginxConfig, {{"user", user},
                                    {"folder", folder.string()},
                                    {"port", std::to_string(port)},
                                    {"origin", std::to_string(stage.origin_port)},
                                    {"cache_bytes", std::to_string(stage.cache_bytes)}}));
  Child child({program, "-p", folder.string(), "-c", (folder / "nginx.conf").string(), "-e",
               (folder / "error.log").string()},
              {.cpu = stage.cpu, .out_file = {}, .err_file = folder / "nginx.log"});
  return when_listening("nginx", std::move(child), port);
}

}  // namespace larder::bench
