// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/contestants.h"

namespace larder::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLarderdConfig = R"([[listener]]
address = "127.0.0.1:0"
[admin]
socket = "{folder}/admin.sock"
[cache]
path = "{folder}/cache"
size = {cache_bytes}
max_object = {max_object}
[server]
workers = 1
max_requests_per_connection = 1000000000
[ttl.entry]
fresh = "30d"
[upstream]
max_connections_per_host = 128
max_queue_per_host = 100000
queue_wait = "20s"
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

}  // namespace

SandboxOrigin start_sandbox(const std::string& program, const fs::path& folder, int cpu) {
  const fs::path out = folder / "sandbox.json";
  Child child({program, "--listen", "127.0.0.1", "--delivery-port", "0", "--preview-port", "0",
               "--control-port", "0", "--remember", "0", "--die-with-parent"},
              {.cpu = cpu, .out_file = out, .err_file = folder / "sandbox.log"});
  const Json ports = wait_for_json(child, out);
  return {std::move(child), ports.at("delivery").get<std::uint16_t>(),
          ports.at("control").get<std::uint16_t>()};
}

Contestant start_larderd(const LarderdSetting& setting, const Stage& stage) {
  const fs::path folder = folder_of(stage, setting.name);
  write_file(folder / "larder.toml",
             fill_in(kLarderdConfig, {{"folder", folder.string()},
                                      {"origin", std::to_string(stage.origin_port)},
                                      {"cache_bytes", std::to_string(stage.cache_bytes)},
                                      {"max_object", std::to_string(setting.max_object)}}));
  fs::remove(folder / "ready.json");  // of a run before
  Child child({setting.program, "--config", (folder / "larder.toml").string(), "--ready-file",
               (folder / "ready.json").string()},
              {.cpu = stage.cpu, .out_file = {}, .err_file = folder / "larderd.log"});
  const Json ready = wait_for_json(child, folder / "ready.json");
  const auto address = ready.at("listeners").at(0).at("address").get<std::string>();
  return {setting.name, std::move(child), parse_url("http://" + address).endpoint,
          (folder / "admin.sock").string()};
}

Contestant start_limit(const char* name, const char* engine, std::size_t copies,
                       std::uint64_t body_bytes, const Stage& stage) {
  const fs::path folder = folder_of(stage, name);
  const fs::path out = folder / "limit.json";
  Child child({program_beside("larder-bench"), "limit-server", "--engine", engine, "--copies",
               std::to_string(copies), "--body-bytes", std::to_string(body_bytes)},
              {.cpu = stage.cpu, .out_file = out, .err_file = folder / "limit.log"});
  const auto port = wait_for_json(child, out).at("port").get<std::uint16_t>();
  return {name, std::move(child), loopback(port), {}};
}

}  // namespace larder::bench
