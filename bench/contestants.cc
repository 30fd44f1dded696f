// SPDX-License-Identifier: Apache-2.0
#include "bench/contestants.h"

#include <unistd.h>

#include "bench/command.h"
#include "bench/json.h"
#include "bench/socket.h"

namespace larder::bench {
namespace {

namespace fs = std::filesystem;

fs::path make_folder(const fs::path& parent, const char* name) {
  const fs::path made = parent / name;
  fs::create_directory(made);
  return made;
}

/// One line of JSON that a program prints, or writes to a file, when it serves.
Json wait_for_json(const Child& child, const fs::path& file) {
  std::string text;
  child.wait_until([&] { return (text = read_file(file)).ends_with('\n'); });
  Json parsed = Json::parse(text, nullptr, false);
  if (!parsed.is_object()) throw BenchError("not understood: " + text);
  return parsed;
}

std::uint16_t free_port() {
  std::uint16_t port = 0;
  const Descriptor taken = listen_on_loopback(port);
  return port;
}

constexpr std::string_view kLarderdConfig = R"([[listener]]
address = "127.0.0.1:0"
[cache]
path = "{folder}/cache"
size = "1GiB"
[server]
workers = 1
max_requests_per_connection = 1000000000
[ttl.entry]
fresh = "1h"
[upstream]
allow_plain_http = true
allow_private_addresses = true
[[stack]]
api_key = "blt0123456789abcdef"
delivery = "http://127.0.0.1:{origin}"
preview = "http://127.0.0.1:{origin}"
[[stack.scope]]
environment = "production"
branches = ["main", "develop", "release"]
delivery_tokens = ["cs0123456789abcdef01234567"]
)";

constexpr std::string_view kNginxConfig = R"({user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events { worker_connections 4096; }
http {
  access_log off;
  sendfile off;
  output_buffers 1 128k;
  tcp_nodelay on;
  keepalive_timeout 60s;
  keepalive_requests 1000000000;
  underscores_in_headers on;
  open_file_cache max=20000 inactive=1h;
  open_file_cache_valid 1h;
  client_body_temp_path {folder}/client;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  proxy_cache_path {folder}/cache levels=1:2 keys_zone=cache:32m max_size=4g inactive=1h use_temp_path=off;
  upstream origin { server 127.0.0.1:{origin}; keepalive 32; }
  server {
    listen 127.0.0.1:{port} backlog=4096;
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache cache;
      proxy_cache_lock on;
      proxy_cache_valid 200 1h;
      proxy_ignore_headers Cache-Control Expires Set-Cookie Vary X-Accel-Expires;
      proxy_cache_key $http_api_key|$http_access_token|$http_branch|$http_environment|$request_uri;
    }
  }
}
)";

}  // namespace

SandboxOrigin start_sandbox(const std::string& program, const fs::path& folder) {
  const fs::path out = folder / "sandbox.json";
  Child child({program, "--listen", "127.0.0.1", "--delivery-port", "0", "--preview-port", "0",
               "--control-port", "0", "--remember", "0", "--die-with-parent"},
              {.out_file = out, .err_file = folder / "sandbox.log"});
  const Json ports = wait_for_json(child, out);
  return {std::move(child), ports.at("delivery").get<std::uint16_t>(),
          ports.at("control").get<std::uint16_t>()};
}

Contestant start_larderd(const char* name, const std::string& program, const Stage& stage,
                         const std::string& more) {
  const fs::path folder = make_folder(stage.folder, name);
  std::string config = replace_all(std::string(kLarderdConfig), "{folder}", folder.string());
  config = replace_all(config, "{origin}", std::to_string(stage.origin_port));
  write_file(folder / "larder.toml", config + more);
  Child child({program, "--config", (folder / "larder.toml").string(), "--ready-file",
               (folder / "ready.json").string()},
              {.cpu = stage.cpu, .out_file = {}, .err_file = folder / "larderd.log"});
  const Json ready = wait_for_json(child, folder / "ready.json");
  const auto address = ready.at("listeners").at(0).at("address").get<std::string>();
  return {name, std::move(child), parse_url("http://" + address).endpoint};
}

Contestant start_nginx(const std::string& program, const Stage& stage) {
  const fs::path folder = make_folder(stage.folder, "nginx");
  const std::uint16_t port = free_port();
  // Without it the worker of a master that is root could not read what is below our directory.
  std::string config =
      replace_all(std::string(kNginxConfig), "{user}", ::geteuid() == 0 ? "user root;" : "");
  config = replace_all(config, "{folder}", folder.string());
  config = replace_all(config, "{port}", std::to_string(port));
  config = replace_all(config, "{origin}", std::to_string(stage.origin_port));
  write_file(folder / "nginx.conf", config);
  Child child({program, "-p", folder.string(), "-c", (folder / "nginx.conf").string(), "-e",
               (folder / "error.log").string()},
              {.cpu = stage.cpu, .out_file = {}, .err_file = folder / "nginx.log"});
  Contestant made{"nginx", std::move(child), loopback(port)};
  made.child.wait_until([&] { return accepts(made.endpoint); });
  return made;
}

Contestant start_limit(const char* name, const char* engine, std::size_t copies,
                       std::uint64_t body_bytes, const Stage& stage) {
  const fs::path folder = make_folder(stage.folder, name);
  const fs::path out = folder / "limit.json";
  Child child({program_beside("larder-bench"), "limit-server", "--engine", engine, "--copies",
               std::to_string(copies), "--body-bytes", std::to_string(body_bytes)},
              {.cpu = stage.cpu, .out_file = out, .err_file = folder / "limit.log"});
  const auto port = wait_for_json(child, out).at("port").get<std::uint16_t>();
  return {name, std::move(child), loopback(port)};
}

}  // namespace larder::bench
