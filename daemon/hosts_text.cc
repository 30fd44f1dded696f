// SPDX-License-Identifier: Apache-2.0
#include "daemon/hosts_text.h"

#include <algorithm>
#include <cstdint>

#include "daemon/json_fields.h"
#include "daemon/printable.h"

namespace larder {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kNameWidth = 14;

std::optional<std::uint64_t> find_number(const Json& in, const char* name) {
  const auto found = in.find(name);
  if (found == in.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

std::string duration(std::uint64_t seconds) {
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3'600) {
    return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
  }
  return std::to_string(seconds / 3'600) + " h " + std::to_string(seconds / 60 % 60) + " min";
}

void append_line(std::string& out, std::string name, const std::string& value) {
  if (value.empty()) return;
  name.resize(kNameWidth, ' ');
  out.append("  ").append(name).append(value).append("\n");
}

/// A word for it, and what that means.
struct Health {
  bool good = false;
  std::string text;
};

Health health_of(const Json& host) {
  const std::string state = text_of(host, "state");
  const auto held = find_number(host, "held_for_s").value_or(0);
  const auto failures = find_number(host, "consecutive_failures").value_or(0);
  if (state == "open") return {false, "open: only probes ask it until it answers"};
  if (state == "probing") return {false, "probing: one request is on its way to find out"};
  if (held > 0)
    return {false, "on hold: it asked to be left alone for " + duration(held) + " more"};
  if (failures > 0) return {false, "failing: still asked as usual"};
  return {true, "well"};
}

std::string since_text(const Json& host) {
  const auto failing = find_number(host, "failing_for_s");
  const auto failures = find_number(host, "consecutive_failures").value_or(0);
  if (failing) {
    return "failing for " + duration(*failing) + ", " + std::to_string(failures) +
           (failures == 1 ? " failure" : " failures in a row");
  }
  const auto well = find_number(host, "well_for_s");
  return well ? "well for " + duration(*well) : "";
}

std::string causes_text(const Json& causes) {
  std::string text;
  for (const auto& [name, count] : causes.items()) {
    if (!count.is_number_unsigned()) continue;
    text += (text.empty() ? "" : ", ") + printable(name) + " " +
            std::to_string(count.get<std::uint64_t>());
  }
  return text;
}

void append_host(std::string& out, const Json& host, bool colours) {
  const Health health = health_of(host);
  const std::string colour = health.good ? "\x1b[32m" : "\x1b[31m";
  out += text_of(host, "name") + ", " + text_of(host, "for") + "\n";
  append_line(out, "health", colours ? colour + health.text + "\x1b[0m" : health.text);
  append_line(out, "since", since_text(host));
  const auto probe_ms = find_number(host, "next_probe_ms");
  if (probe_ms)
    append_line(out, "next probe", "in " + std::to_string(*probe_ms) + " ms at the earliest");
  const Json& error = part_of(host, "last_error");
  const std::string why = text_of(error, "text");
  if (!why.empty()) {
    append_line(out, "last error",
                duration(find_number(error, "ago_s").value_or(0)) + " ago: " + why);
  }
  append_line(out, "failures by", causes_text(part_of(host, "failures_by")));
  append_line(out, "requests",
              std::to_string(find_number(host, "successes").value_or(0)) + " good, " +
                  std::to_string(find_number(host, "failures").value_or(0)) + " failed; " +
                  std::to_string(sum_of(part_of(host, "running"))) + " running, " +
                  std::to_string(sum_of(part_of(host, "queued"))) + " queued");
}

}  // namespace

std::optional<std::string> hosts_text(std::string_view status, bool colours) {
  const Json all = Json::parse(status, nullptr, false);
  if (!all.is_object() || !all.contains("hosts") || !all["hosts"].is_array()) return std::nullopt;
  std::string out;
  for (const Json& host : all["hosts"]) {
    if (!host.is_object()) continue;
    if (!out.empty()) out += "\n";
    append_host(out, host, colours);
  }
  return out.empty() ? "none was asked yet\n" : out;
}

std::optional<std::string> hosts_json(std::string_view status) {
  const Json all = Json::parse(status, nullptr, false);
  if (!all.is_object() || !all.contains("hosts") || !all["hosts"].is_array()) return std::nullopt;
  return all["hosts"].dump() + "\n";
}

}  // namespace larder
