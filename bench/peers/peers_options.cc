// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "bench/load/varied_header.h"
#include "bench/peers/peers.h"
#include "bench/run/amounts.h"

namespace larder::bench {
namespace {

void add_what(CLI::App& app, PeersOptions& options, const std::vector<std::string>& parts) {
  app.add_option("--only", options.only, "Parts, as hits,misses; default: all but objects")
      ->delimiter(',')
      ->check(CLI::IsMember(parts));
  app.add_option("--peers", options.peers,
                 "Who takes part beside larderd: nginx, varnish, haproxy; for hits also limit (the "
                 "least a server can cost), limit-cold (it has as many answers as there are keys) "
                 "and limit-epoll (without libuv)")
      ->delimiter(',')
      ->check(CLI::IsMember({"nginx", "varnish", "haproxy", "limit", "limit-cold", "limit-epoll"}))
      ->capture_default_str();
  app.add_option("--sizes", options.sizes, "Body sizes of hits, misses and herds, as 1K,10K,100K")
      ->delimiter(',')
      ->transform(as_bytes(2, std::uint64_t{8} << 20))
      ->capture_default_str();
  app.add_option("--connections", options.connections, "Keep-alive connections of hits")
      ->delimiter(',')
      ->check(CLI::Range(1u, 4'000u))
      ->capture_default_str();
  app.add_option("--rounds", options.rounds, "Turns of each server; medians are taken over them")
      ->check(CLI::Range(1u, 1'000u))
      ->capture_default_str();
  app.add_option("--seconds", options.seconds, "Of each turn of hits and of mixed")
      ->check(CLI::Range(0.1, 3'600.0))
      ->capture_default_str();
  app.add_option("--vary-header", options.vary_header,
                 "hits: name of a header to send along with another value in every request, as "
                 "traceparent. A further larderd, `plain`, takes part and gets none: larderd's "
                 "ratio to it is what the header costs")
      ->check(header_name());
  app.add_flag("--spin", options.spin,
               "The load generator never sleeps, so that no server pays for waking it");
  app.add_flag("--json", options.json, "Print JSON");
}

void add_counts(CLI::App& app, PeersOptions& options) {
  const auto add = [&](const char* name, unsigned& count, unsigned most, const char* text) {
    app.add_option(name, count, text)->check(CLI::Range(1u, most))->capture_default_str();
  };
  add("--keys", options.keys, 100'000, "hits: distinct objects, asked for by Zipf's law");
  add("--misses", options.misses, 1'000'000, "misses: unique keys in each turn");
  add("--herd", options.herd, 900, "herd: clients that ask at once");
  add("--kept", options.kept_objects, 1'000'000, "restart: objects that are stored before");
  add("--memory-objects", options.memory_objects, 10'000'000, "memory: objects");
  add("--idle", options.idle_connections, 4'000, "memory: idle connections");
  app.add_option("--objects", options.objects,
                 "objects: stored beside the hot keys of larderd alone, as 1000,100000,1000000")
      ->delimiter(',')
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{100'000'000}));
  app.add_option("--cache-size", options.cache_bytes, "Of each cache (HAProxy: at most 4095M)")
      ->transform(as_bytes(std::uint64_t{64} << 20, std::uint64_t{1} << 40))
      ->capture_default_str();
}

void add_programs(CLI::App& app, PeersOptions& options) {
  const auto add = [&](const char* name, std::string& program, const char* text) {
    app.add_option(name, program, text)->capture_default_str();
  };
  options.larderd = program_beside("larderd");
  options.sandbox = program_beside("larder-sandbox");
  app.add_option("--larderd", options.larderd, "Program; default: beside this one");
  app.add_option("--sandbox", options.sandbox, "larder-sandbox; default: beside this one");
  app.add_option("--baseline", options.baseline,
                 "Another larderd that takes part too, as that of before a change");
  add("--nginx", options.nginx, "Program");
  add("--varnish", options.varnish, "Program");
  add("--haproxy", options.haproxy, "Program");
  app.add_option("--server-cpu", options.server_cpu, "CPU that all servers are tied to")
      ->check(CLI::Range(0, 4'095))
      ->capture_default_str();
  app.add_option("--load-cpu", options.load_cpu, "CPU of the load generator and the origin")
      ->check(CLI::Range(0, 4'095))
      ->capture_default_str();
  app.add_option("--folder", options.folder, "Where temporary files go; default: $TMPDIR or /tmp");
}

}  // namespace

void add_peers_options(CLI::App& app, PeersOptions& options,
                       const std::vector<std::string>& parts) {
  add_what(app, options, parts);
  add_counts(app, options);
  add_programs(app, options);
}

}  // namespace larder::bench
