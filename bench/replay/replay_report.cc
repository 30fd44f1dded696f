// SPDX-License-Identifier: Apache-2.0
#include "bench/replay/replay_report.h"

#include <algorithm>
#include <cstdio>

namespace larder::bench {
namespace {

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// What the origin gave is no part; it may have given more than clients asked for.
double spared(std::uint64_t from_origin, std::uint64_t whole) {
  return share(whole - std::min(from_origin, whole), whole);
}

Json count_json(const ReplayCount& count, bool by_status) {
  const double offload = spared(count.origin.requests, count.requests);
  const double byte_offload = spared(count.origin.body_bytes, count.bytes);
  Json out = {{"requests", count.requests},
              {"bytes", count.bytes},
              {"hit_ratio", by_status ? share(count.hits, count.requests) : offload},
              {"byte_hit_ratio", by_status ? share(count.hit_bytes, count.bytes) : byte_offload},
              {"origin_requests", count.origin.requests},
              {"origin_bytes", count.origin.body_bytes},
              {"origin_offload", offload}};
  if (by_status) out["collapsed"] = count.collapsed;
  return out;
}

void print_windows(const Json& windows, std::uint64_t window) {
  std::printf("%12s %9s %10s %10s %10s\n", "from line", "requests", "hit ratio", "bytes",
              "offload");
  std::uint64_t from = 0;
  for (const Json& row : windows) {
    std::printf("%12llu %9s %10.4f %10.4f %10.4f\n", static_cast<unsigned long long>(from),
                row["requests"].dump().c_str(), row["hit_ratio"].get<double>(),
                row["byte_hit_ratio"].get<double>(), row["origin_offload"].get<double>());
    from += window;
  }
}

}  // namespace

Json replay_json(const ReplayResult& result) {
  const bool by_status = result.all.requests > 0 && result.with_status == result.all.requests;
  const auto us = [&](double percent) {
    return static_cast<double>(result.latency_ns.percentile(percent)) / 1e3;
  };
  Json out = count_json(result.all, by_status);
  out["hits_by"] = by_status ? "cache-status" : "origin";
  out.update({{"seconds", result.seconds},
              {"requests_per_s", static_cast<double>(result.all.requests) / result.seconds},
              {"p50_us", us(50)},
              {"p90_us", us(90)},
              {"p99_us", us(99)},
              {"p999_us", us(99.9)},
              {"max_us", us(100)},
              {"purges", result.purges},
              {"purged", result.purged},
              {"silent_changes", result.silent_changes},
              {"stale", result.stale},
              {"wrong", result.wrong}});
  for (const auto& [status, count] : result.statuses)
    out["statuses"][std::to_string(status)] = count;
  if (result.cpu.total_ns > 0) {
    out["cpu_us"] = static_cast<double>(result.cpu.total_ns) / 1e3 /
                    static_cast<double>(std::max<std::uint64_t>(1, result.all.requests));
  }
  for (const ReplayCount& window : result.windows) {
    out["windows"].push_back(count_json(window, by_status));
  }
  return out;
}

void print_replay(const Json& report) {
  const auto number = [&](const char* name) { return report.value(name, 0.0); };
  if (report.contains("windows")) {
    print_windows(report["windows"], report["window"].get<std::uint64_t>());
  }
  std::printf("hit ratio        %10.4f  by %s\n", number("hit_ratio"),
              report["hits_by"] == "origin" ? "requests that the origin did not see"
                                            : "what Cache-Status said");
  std::printf("byte hit ratio   %10.4f\n", number("byte_hit_ratio"));
  std::printf("origin offload   %10.4f  %.0f of %.0f requests reached the origin\n",
              number("origin_offload"), number("origin_requests"), number("requests"));
  if (report.contains("collapsed"))
    std::printf("collapsed        %10.0f  misses that joined another's\n", number("collapsed"));
  std::printf("latency us       p50 %.1f  p90 %.1f  p99 %.1f  p99.9 %.1f  max %.1f\n",
              number("p50_us"), number("p90_us"), number("p99_us"), number("p999_us"),
              number("max_us"));
  std::printf("requests/s       %10.0f  in %.1f s\n", number("requests_per_s"), number("seconds"));
  if (report.contains("cpu_us"))
    std::printf("server CPU us    %10.2f  a request\n", number("cpu_us"));
  std::printf("purges           %10.0f  %.0f done; %.0f sizes changed without one\n",
              number("purges"), number("purged"), number("silent_changes"));
  if (number("stale") > 0) std::printf("stale            %10.0f  older bodies\n", number("stale"));
  if (report.contains("restart")) {
    const Json& restart = report["restart"];
    std::printf("restart          at line %s: %.0f ms to stop, %.0f ms until ready\n",
                restart["at"].dump().c_str(), restart["stop_ms"].get<double>(),
                restart["start_ms"].get<double>());
  }
  if (number("wrong") > 0)
    std::printf("WRONG ANSWERS    %10.0f  by status: %s\n", number("wrong"),
                report["statuses"].dump().c_str());
}

}  // namespace larder::bench
