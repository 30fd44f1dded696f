// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/host_board.h"

#include <utility>

#include "conf/base/json_text.h"
#include "conf/base/redact.h"

namespace larder {
namespace {

std::string number_field(std::string_view name, std::uint64_t value) {
  return ",\"" + std::string(name) + "\":" + std::to_string(value);
}

std::string seconds_since(MonotonicTime then, MonotonicTime now) {
  return std::to_string((now.ms - then.ms) / 1'000);
}

std::string lanes_field(std::string_view name, const std::array<std::size_t, kLanes>& counts) {
  std::string out = ",\"" + std::string(name) + "\":{";
  for (std::size_t i = 0; i < kLanes; ++i) {
    if (i > 0) out += ",";
    out += json_quote(name_of(static_cast<Lane>(i))) + ":" + std::to_string(counts[i]);
  }
  return out + "}";
}

std::string host_json(const HostSnapshot& host, std::string_view use, MonotonicTime now) {
  std::string out = "{\"name\":" + json_quote(redact(host.name)) + ",\"for\":" + json_quote(use);
  out += lanes_field("running", host.running) + lanes_field("queued", host.queued);
  out += number_field("refused", host.refused);
  out += number_field("refreshes_dropped", host.refreshes_dropped);
  out += number_field("successes", host.successes) + number_field("failures", host.failures);
  out += number_field("consecutive_failures", host.consecutive_failures);
  out += std::string(",\"") + (host.consecutive_failures > 0 ? "failing_for_s" : "well_for_s") +
         "\":" + seconds_since(host.since, now) + ",\"last_error\":";
  if (!host.last_error) return out + "null}";
  return out + "{\"text\":" + json_quote(redact(host.last_error->text)) +
         ",\"ago_s\":" + seconds_since(host.last_error->at, now) + "}}";
}

}  // namespace

void HostBoard::show(std::vector<HostSnapshot> delivery, std::vector<HostSnapshot> preview) {
  const std::lock_guard lock(mutex_);
  delivery_ = std::move(delivery);
  preview_ = std::move(preview);
}

std::string HostBoard::json(MonotonicTime now) const {
  const std::lock_guard lock(mutex_);
  std::string out = "[";
  const auto add = [&](const std::vector<HostSnapshot>& hosts, std::string_view use) {
    for (const auto& host : hosts) {
      if (out.size() > 1) out += ",";
      out += host_json(host, use, now);
    }
  };
  add(delivery_, "delivery");
  add(preview_, "preview");
  return out + "]";
}

}  // namespace larder
