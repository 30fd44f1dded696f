// SPDX-License-Identifier: Apache-2.0
#include "daemon/stats_sample.h"

#include "daemon/json_fields.h"

namespace larder {
namespace {

using Json = nlohmann::json;

StatsSample::Histogram histogram_of(const Json& pairs) {
  StatsSample::Histogram found;
  for (const Json& pair : pairs) {
    if (!pair.is_array() || pair.size() != 2) continue;
    if (!pair[0].is_number_unsigned() || !pair[1].is_number_unsigned()) continue;
    found.emplace_back(pair[0].get<std::uint64_t>(), pair[1].get<std::uint64_t>());
  }
  return found;
}

StatsSample::HostLine host_of(const Json& host) {
  return {.name = text_of(host, "name"),
          .use = text_of(host, "for"),
          .state = text_of(host, "state"),
          .held_for_s = number_of(host, "held_for_s"),
          .consecutive_failures = number_of(host, "consecutive_failures"),
          .running = sum_of(part_of(host, "running")),
          .queued = sum_of(part_of(host, "queued")),
          .last_error = text_of(part_of(host, "last_error"), "text")};
}

void read_origin(const Json& status, StatsSample& sample) {
  const Json& origin = part_of(status, "origin");
  sample.fills = number_of(origin, "fills");
  sample.joined = number_of(origin, "joined");
  sample.active = number_of(origin, "active");
  const Json& purges = part_of(status, "purges");
  sample.purges = number_of(purges, "done");
  sample.purges_failed = number_of(purges, "failed");
  for (const Json& host : list_of(status, "hosts")) {
    if (host.is_object()) sample.hosts.push_back(host_of(host));
  }
}

}  // namespace

std::optional<StatsSample> parse_stats_sample(std::string_view json) {
  const Json status = Json::parse(json, nullptr, false);
  if (!status.is_object()) return std::nullopt;
  StatsSample sample;
  sample.version = text_of(status, "version");
  sample.state = text_of(status, "state");
  sample.uptime_s = number_of(status, "uptime_s");
  const Json& requests = part_of(status, "requests");
  for (const auto& [name, number] : requests.items()) {
    if (number.is_number_unsigned()) sample.requests[name] = number.get<std::uint64_t>();
  }
  const Json& latency = part_of(status, "latency_us");
  sample.cache_us = histogram_of(list_of(latency, "cache"));
  sample.origin_us = histogram_of(list_of(latency, "origin"));
  read_origin(status, sample);
  const Json& store = part_of(status, "store");
  sample.objects = number_of(store, "objects");
  sample.live_bytes = number_of(store, "live_bytes");
  sample.size_bytes = number_of(store, "size_bytes");
  sample.store_state = text_of(store, "state");
  const Json& memory = part_of(status, "memory");
  sample.own_bytes = number_of(memory, "own_bytes");
  sample.in_flight_bytes = number_of(memory, "in_flight_bytes");
  sample.output_bytes = number_of(memory, "output_bytes");
  return sample;
}

}  // namespace larder
