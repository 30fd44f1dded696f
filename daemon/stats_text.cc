// SPDX-License-Identifier: Apache-2.0
#include "daemon/stats_text.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "conf/base/json_text.h"

namespace larder {
namespace {

constexpr std::size_t kNameWidth = 14;

std::string formatted(const char* format, double number) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), format, number);
  return text.data();
}

std::string rate(double per_s) {
  return formatted(per_s >= 100 || per_s == 0 ? "%.0f" : "%.1f", per_s);
}

/// What is not all of it is not rounded to it.
std::string percent(const std::optional<double>& share) {
  if (!share) return "-";
  if (*share >= 1) return "100 %";
  return formatted("%.1f %%", std::min(99.9, 100 * *share));
}

std::string time(const std::optional<std::uint64_t>& us) {
  if (!us) return "-";
  const auto number = static_cast<double>(*us);
  if (*us < 1'000) return std::to_string(*us) + " us";
  if (*us < 1'000'000) return formatted(*us < 10'000 ? "%.1f ms" : "%.0f ms", number / 1e3);
  return formatted("%.1f s", number / 1e6);
}

std::string size(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  auto number = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; number >= 1024 && unit + 1 < kUnits.size(); ++unit) number /= 1024;
  return formatted(unit == 0 || number >= 100 ? "%.0f " : "%.1f ", number) + kUnits[unit];
}

std::string painted(const std::string& text, const char* code, bool colours) {
  return colours ? "\x1b[" + std::string(code) + "m" + text + "\x1b[0m" : text;
}

void append_line(std::string& out, std::string name, const std::string& value) {
  name.resize(std::max(name.size() + 1, kNameWidth), ' ');
  out.append("  ").append(name).append(value).append("\n");
}

std::string times_text(const StatsFigures::Times& times) {
  return "p50 " + time(times.p50_us) + ", p99 " + time(times.p99_us);
}

std::string host_text(const StatsSample::HostLine& host, bool colours) {
  const bool up = host.state == "closed" && host.held_for_s == 0 && host.consecutive_failures == 0;
  std::string word = "up";
  if (host.consecutive_failures > 0) word = "failing";
  if (host.held_for_s > 0) word = "on hold";
  if (host.state != "closed") word = "down";
  std::string text = painted(word, up ? "32" : "31", colours) + "  " + host.name + " (" + host.use +
                     "), " + std::to_string(host.running) + " running, " +
                     std::to_string(host.queued) + " queued";
  if (!up && !host.last_error.empty())
    text += "\n" + std::string(kNameWidth + 2, ' ') + host.last_error;
  return text;
}

void append_requests(std::string& out, const StatsFigures& figures, bool colours) {
  append_line(out, "hit rate",
              painted(percent(figures.hit_rate), "1", colours) + "  (since the start " +
                  percent(figures.hit_rate_since_start) + ")");
  append_line(out, "requests/s", painted(rate(figures.requests_per_s), "1", colours));
  for (const auto& group : figures.groups) {
    const bool bad = std::string_view(group.name) == "failed" && group.per_s > 0;
    std::string text = rate(group.per_s);
    if (group.per_s > 0 && figures.requests_per_s > 0) {
      text.resize(std::max<std::size_t>(text.size() + 1, 10), ' ');
      text += percent(group.per_s / figures.requests_per_s);
    }
    append_line(out, "  " + std::string(group.name), painted(text, bad ? "31" : "0", colours));
  }
}

void append_number(std::string& out, const char* name, const std::string& number) {
  if (out.back() != '{') out += ",";
  out.append("\"").append(name).append("\":").append(number);
}

std::string number_or_null(const std::optional<std::uint64_t>& number) {
  return number ? std::to_string(*number) : "null";
}

void append_times(std::string& out, const char* name, const StatsFigures::Times& times) {
  append_number(out, name,
                "{\"p50_us\":" + number_or_null(times.p50_us) +
                    ",\"p99_us\":" + number_or_null(times.p99_us) + "}");
}

std::string share_json(const std::optional<double>& share) {
  return share ? formatted("%.4f", *share) : "null";
}

}  // namespace

std::string stats_text(const StatsFigures& figures, const StatsSample& now, bool colours) {
  std::string out = "larderd " + now.version + ", up " + std::to_string(now.uptime_s) + " s" +
                    (now.state == "draining" ? ", draining" : "") + "; over the last " +
                    formatted("%.1f s\n\n", figures.seconds);
  append_requests(out, figures, colours);
  out += "\n";
  append_line(out, "from store", times_text(figures.cache));
  append_line(out, "from origin", times_text(figures.origin));
  append_line(out, "fills/s",
              rate(figures.fills_per_s) + ", " + rate(figures.joined_per_s) + " joined, " +
                  std::to_string(now.active) + " under way");
  append_line(
      out, "purges",
      std::to_string(figures.purges) + " now, " + std::to_string(now.purges) + " since the start" +
          (now.purges_failed > 0
               ? ", " + painted(std::to_string(now.purges_failed) + " failed", "31", colours)
               : ""));
  append_line(
      out, "store",
      size(now.live_bytes) + " of " + size(now.size_bytes) + ", " + std::to_string(now.objects) +
          " objects" +
          (now.store_state == "writes" ? "" : ", " + painted(now.store_state, "31", colours)));
  append_line(out, "memory",
              size(now.own_bytes) + ", " + size(now.in_flight_bytes) + " on the way in, " +
                  size(now.output_bytes) + " wait for clients");
  for (const auto& host : now.hosts) append_line(out, "origin", host_text(host, colours));
  if (now.hosts.empty()) append_line(out, "origin", "none was asked yet");
  return out;
}

std::string stats_json(const StatsFigures& figures, const StatsSample& now) {
  std::string out = "{";
  append_number(out, "seconds", formatted("%.3f", figures.seconds));
  append_number(out, "requests_per_s", formatted("%.1f", figures.requests_per_s));
  std::string groups = "{";
  for (const auto& group : figures.groups) {
    append_number(groups, group.name, formatted("%.1f", group.per_s));
  }
  append_number(out, "by_outcome_per_s", groups + "}");
  append_number(out, "hit_rate", share_json(figures.hit_rate));
  append_number(out, "hit_rate_since_start", share_json(figures.hit_rate_since_start));
  append_times(out, "from_store", figures.cache);
  append_times(out, "from_origin", figures.origin);
  append_number(out, "fills_per_s", formatted("%.1f", figures.fills_per_s));
  append_number(out, "fills_active", std::to_string(now.active));
  append_number(out, "purges", std::to_string(figures.purges));
  append_number(out, "objects", std::to_string(now.objects));
  append_number(out, "store_bytes", std::to_string(now.live_bytes));
  append_number(out, "store_state", json_quote(now.store_state));
  append_number(out, "memory_bytes", std::to_string(now.own_bytes));
  std::string hosts = "[";
  for (const auto& host : now.hosts) {
    hosts += (hosts.size() > 1 ? ",{" : "{");
    append_number(hosts, "name", json_quote(host.name));
    append_number(hosts, "for", json_quote(host.use));
    append_number(hosts, "state", json_quote(host.state));
    hosts += "}";
  }
  append_number(out, "hosts", hosts + "]");
  return out + "}\n";
}

}  // namespace larder
