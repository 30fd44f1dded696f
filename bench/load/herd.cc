// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <set>

#include "bench/load/herd_round.h"
#include "bench/load/histogram.h"
#include "bench/load/socket.h"
#include "bench/run/command.h"
#include "bench/run/sandbox_control.h"

namespace larder::bench {
namespace {

struct Options {
  std::string url;
  unsigned clients = 1'000;
  std::vector<std::string> headers;
  unsigned rounds = 1;
  int join_after_ms = -1;
  unsigned patience_s = 60;
  std::string control;
  std::string fault;
  bool prime = false;
  bool json = false;
};

struct Round {
  std::vector<HerdClient> clients;
  std::optional<std::uint64_t> origin_requests;
};

/// Of clients[from..].
struct Times {
  Histogram first_byte;
  Histogram last_byte;
};

Times times_of(const std::vector<Round>& rounds, std::size_t from, std::size_t to) {
  Times times;
  for (const Round& round : rounds) {
    for (std::size_t i = from; i < std::min(to, round.clients.size()); ++i) {
      const HerdClient& client = round.clients[i];
      if (client.first_byte_ns > 0) times.first_byte.add(client.first_byte_ns);
      if (client.complete) times.last_byte.add(client.last_byte_ns);
    }
  }
  return times;
}

/// What a healthy herd has: everybody complete, and the same bytes.
struct Verdict {
  std::map<int, std::uint64_t> statuses;
  std::uint64_t incomplete = 0;
  std::uint64_t most_bodies = 0;  ///< distinct ones in one round
  std::set<std::uint64_t> body_bytes;
  bool good() const { return incomplete == 0 && most_bodies == 1; }
};

Verdict judge(const std::vector<Round>& rounds) {
  Verdict verdict;
  for (const Round& round : rounds) {
    std::set<std::pair<std::uint64_t, std::uint64_t>> bodies;
    for (const HerdClient& client : round.clients) {
      ++verdict.statuses[client.status];
      if (!client.complete) ++verdict.incomplete;
      if (!client.complete) continue;
      bodies.emplace(client.body_bytes, client.body_hash);
      verdict.body_bytes.insert(client.body_bytes);
    }
    verdict.most_bodies = std::max<std::uint64_t>(verdict.most_bodies, bodies.size());
  }
  return verdict;
}

Json summary(const Histogram& times) {
  const auto ms = [](std::uint64_t ns) { return static_cast<double>(ns) / 1e6; };
  return {{"count", times.count()},
          {"min", ms(times.min())},
          {"median", ms(times.percentile(50))},
          {"p99", ms(times.percentile(99))},
          {"max", ms(times.max())}};
}

Json report(const Options& options, const std::vector<Round>& rounds) {
  const bool joining = options.join_after_ms >= 0;
  const Times all = times_of(rounds, joining ? 1 : 0, options.clients);
  const Verdict verdict = judge(rounds);
  Json out = {{"clients", options.clients},
              {"rounds", options.rounds},
              {"first_byte_ms", summary(all.first_byte)},
              {"last_byte_ms", summary(all.last_byte)}};
  if (joining) {
    const Times leader = times_of(rounds, 0, 1);
    out["join_after_ms"] = options.join_after_ms;
    out["leader_first_byte_ms"] = summary(leader.first_byte);
    out["leader_last_byte_ms"] = summary(leader.last_byte);
  }
  for (const auto& [status, count] : verdict.statuses)
    out["statuses"][std::to_string(status)] = count;
  out["incomplete"] = verdict.incomplete;
  out["distinct_bodies_per_round"] = verdict.most_bodies;
  out["body_bytes"] = verdict.body_bytes;
  for (const Round& round : rounds) {
    if (round.origin_requests) out["origin_requests"].push_back(*round.origin_requests);
  }
  out["good"] = verdict.good();
  return out;
}

void print_times(const char* name, const Json& times) {
  std::printf("%-22s %10.2f %10.2f %10.2f %10.2f\n", name, times["min"].get<double>(),
              times["median"].get<double>(), times["p99"].get<double>(),
              times["max"].get<double>());
}

void print(const Json& result) {
  std::printf("%-22s %10s %10s %10s %10s\n", "ms from sending", "min", "median", "p99", "max");
  const bool joining = result.contains("join_after_ms");
  if (joining) {
    print_times("leader: first byte", result["leader_first_byte_ms"]);
    print_times("leader: last byte", result["leader_last_byte_ms"]);
  }
  print_times(joining ? "joiners: first byte" : "first byte", result["first_byte_ms"]);
  print_times(joining ? "joiners: last byte" : "last byte", result["last_byte_ms"]);
  std::printf("\n");
  for (const auto& [status, count] : result["statuses"].items()) {
    std::printf("status %-15s %10llu\n", status == "0" ? "none" : status.c_str(),
                static_cast<unsigned long long>(count.get<std::uint64_t>()));
  }
  std::printf("incomplete answers     %10s\n", result["incomplete"].dump().c_str());
  std::printf("distinct bodies        %10s in a round, of %s bytes\n",
              result["distinct_bodies_per_round"].dump().c_str(),
              result["body_bytes"].dump().c_str());
  if (result.contains("origin_requests")) {
    std::printf("requests at the origin %10s, round by round\n",
                result["origin_requests"].dump().c_str());
  }
  if (!result["good"].get<bool>())
    std::printf("NOT GOOD: answers are missing, cut off or different\n");
}

HerdPlan plan_for(const Options& options, unsigned round, const HttpTarget& target) {
  HerdPlan plan;
  plan.endpoint = target.endpoint;
  std::string path = replace_all(target.target, "{round}", std::to_string(round));
  path = replace_all(path, "{run}", std::to_string(::getpid()));
  plan.request = get_request(target.endpoint, path, header_block(options.headers));
  plan.clients = options.clients;
  if (options.join_after_ms >= 0)
    plan.join_after = std::chrono::milliseconds(options.join_after_ms);
  plan.patience = std::chrono::seconds(options.patience_s);
  return plan;
}

/// One client's request before the herd's.
void prime(HerdPlan plan) {
  plan.clients = 1;
  plan.join_after.reset();
  const HerdClient first = run_herd(plan).front();
  if (!first.complete) throw BenchError("the first request, by --prime, got no complete answer");
}

int run(const Options& options) {
  watch_interrupts();
  const HttpTarget target = parse_url(options.url);
  std::unique_ptr<SandboxControl> control;
  if (!options.control.empty()) control = std::make_unique<SandboxControl>(options.control);
  std::optional<FaultRule> fault;
  if (!options.fault.empty()) {
    if (!control) throw UsageError("--fault needs --control, the sandbox that it is for");
    fault.emplace(*control, options.fault);
  }
  std::vector<Round> rounds;
  for (unsigned i = 0; i < options.rounds; ++i) {
    const HerdPlan plan = plan_for(options, i, target);
    if (options.prime) prime(plan);
    Round round;
    const std::uint64_t before = control ? control->delivery_requests() : 0;
    round.clients = run_herd(plan);
    if (control) round.origin_requests = control->delivery_requests() - before;
    rounds.push_back(std::move(round));
  }
  const Json result = report(options, rounds);
  if (options.json) {
    std::cout << result.dump(2) << '\n';
  } else {
    print(result);
  }
  return result["good"].get<bool>() ? kExitOk : kExitFailed;
}

}  // namespace

Action add_herd(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("--url", options->url,
                 "What all ask for, http://HOST:PORT/PATH. {round} in it becomes the number of the "
                 "round, {run} one of this run: with them each round meets a cold cache")
      ->required();
  app.add_option("--clients", options->clients, "Clients, each with a connection of its own")
      ->check(CLI::Range(1u, 60'000u))
      ->capture_default_str();
  app.add_option("--header", options->headers, "'name: value' to send along; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--rounds", options->rounds, "How often")
      ->check(CLI::Range(1u, 100'000u))
      ->capture_default_str();
  app.add_option(
         "--join-after", options->join_after_ms,
         "One client asks first, the others so many milliseconds later, while its answer is "
         "still arriving")
      ->check(CLI::Range(0, 3'600'000));
  app.add_flag("--prime", options->prime,
               "Ask once before each round, so that it does not meet a cold cache");
  app.add_option("--patience", options->patience_s, "Seconds until missing answers are given up")
      ->check(CLI::Range(1u, 86'400u))
      ->capture_default_str();
  app.add_option(
      "--control", options->control,
      "Control address of a larder-sandbox, http://HOST:PORT: counts what reaches the origin");
  app.add_option(
      "--fault", options->fault,
      "Rule for that sandbox while this runs, e.g. {\"match\":\"/entries/s\",\"delay_ms\":200}");
  app.add_flag("--json", options->json, "Print JSON");
  app.footer("Exit code 1 when an answer is missing or cut off, or two of a round differ.");
  return [options] { return run(*options); };
}

}  // namespace larder::bench
