// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/host_board.h"

#include <algorithm>
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

/// Those that have occurred.
std::string causes_field(const HostSnapshot& host) {
  std::string out;
  for (std::size_t i = 0; i < kOriginCauses; ++i) {
    if (host.failures_by[i] == 0) continue;
    if (!out.empty()) out += ",";
    out += json_quote(name_of(static_cast<OriginCause>(i))) + ":" +
           std::to_string(host.failures_by[i]);
  }
  return ",\"failures_by\":{" + out + "}";
}

std::string host_json(const HostSnapshot& host, std::string_view use, MonotonicTime now) {
  std::string out = "{\"name\":" + json_quote(redact(host.name)) + ",\"for\":" + json_quote(use);
  out += lanes_field("running", host.running) + lanes_field("queued", host.queued);
  out += number_field("refused", host.refused);
  out += number_field("refreshes_dropped", host.refreshes_dropped);
  out += number_field("successes", host.successes) + number_field("failures", host.failures);
  out += number_field("consecutive_failures", host.consecutive_failures);
  out += ",\"state\":" + json_quote(HostHealth::name_of(host.state));
  const auto held_ms = std::max<std::int64_t>(0, host.held_until.ms - now.ms);
  out += number_field("held_for_s", static_cast<std::uint64_t>(held_ms + 999) / 1'000);
  if (host.state == HostHealth::State::open) {
    const auto probe_ms = std::max<std::int64_t>(0, host.next_probe.ms - now.ms);
    out += number_field("next_probe_ms", static_cast<std::uint64_t>(probe_ms));
  }
  out += number_field("opened", host.opened) + causes_field(host);
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

void HostBoard::for_each(const Visit& visit) const {
  const std::lock_guard lock(mutex_);
  for (const auto& host : delivery_) visit(host, "delivery");
  for (const auto& host : preview_) visit(host, "preview");
}

std::string HostBoard::json(MonotonicTime now) const {
  std::string out = "[";
  for_each([&](const HostSnapshot& host, std::string_view use) {
    if (out.size() > 1) out += ",";
    out += host_json(host, use, now);
  });
  return out + "]";
}

}  // namespace larder
