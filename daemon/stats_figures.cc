// SPDX-License-Identifier: Apache-2.0
#include "daemon/stats_figures.h"

#include <algorithm>
#include <initializer_list>

namespace larder {
namespace {

using Names = std::initializer_list<const char*>;
using Counts = std::map<std::string, std::uint64_t>;

constexpr Names kFromStore = {"hit", "stale", "stale_error", "committed"};
constexpr Names kNotFromStore = {"miss", "joined", "failed"};

std::uint64_t sum(const Counts& counts, Names names) {
  std::uint64_t all = 0;
  for (const char* name : names) {
    const auto found = counts.find(name);
    if (found != counts.end()) all += found->second;
  }
  return all;
}

std::uint64_t all(const Counts& counts) {
  std::uint64_t sum = 0;
  for (const auto& [name, count] : counts) sum += count;
  return sum;
}

std::uint64_t grown(std::uint64_t before, std::uint64_t now) {
  return now > before ? now - before : 0;
}

std::uint64_t grown(const Counts& before, const Counts& now, Names names) {
  return grown(sum(before, names), sum(now, names));
}

std::optional<double> hit_rate(const Counts& before, const Counts& now) {
  const auto part = grown(before, now, kFromStore);
  const auto whole = part + grown(before, now, kNotFromStore);
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

std::uint64_t count_at(const StatsSample::Histogram& histogram, std::uint64_t bound) {
  for (const auto& [at, count] : histogram) {
    if (at == bound) return count;
  }
  return 0;
}

}  // namespace

std::optional<std::uint64_t> quantile(const StatsSample::Histogram& before,
                                      const StatsSample::Histogram& now, double share) {
  StatsSample::Histogram between;
  std::uint64_t whole = 0;
  for (const auto& [bound, count] : now) {
    between.emplace_back(bound, grown(count_at(before, bound), count));
    whole += between.back().second;
  }
  std::uint64_t seen = 0;
  for (const auto& [bound, count] : between) {
    seen += count;
    if (seen > 0 && static_cast<double>(seen) >= share * static_cast<double>(whole)) return bound;
  }
  return std::nullopt;
}

StatsFigures compare(const StatsSample& before, const StatsSample& now, double seconds) {
  const bool restarted = now.uptime_s < before.uptime_s || all(now.requests) < all(before.requests);
  const StatsSample none;
  const StatsSample& old = restarted ? none : before;
  const auto per_s = [seconds](std::uint64_t count) {
    return static_cast<double>(count) / seconds;
  };
  const auto group = [&](const char* name, Names names) {
    return StatsFigures::Group{name, per_s(grown(old.requests, now.requests, names))};
  };
  StatsFigures figures;
  figures.seconds = seconds;
  figures.requests_per_s = per_s(grown(all(old.requests), all(now.requests)));
  figures.groups = {group("hit", {"hit", "committed"}),
                    group("stale", {"stale", "stale_error"}),
                    group("miss", {"miss", "joined"}),
                    group("passed", {"pass", "preview"}),
                    group("refused", {"refused", "rejected", "preflight"}),
                    group("failed", {"failed", "aborted"})};
  figures.hit_rate = hit_rate(old.requests, now.requests);
  figures.hit_rate_since_start = hit_rate({}, now.requests);
  figures.cache = {quantile(old.cache_us, now.cache_us, 0.5),
                   quantile(old.cache_us, now.cache_us, 0.99)};
  figures.origin = {quantile(old.origin_us, now.origin_us, 0.5),
                    quantile(old.origin_us, now.origin_us, 0.99)};
  figures.fills_per_s = per_s(grown(old.fills, now.fills));
  figures.joined_per_s = per_s(grown(old.joined, now.joined));
  figures.purges = grown(old.purges, now.purges);
  return figures;
}

}  // namespace larder
