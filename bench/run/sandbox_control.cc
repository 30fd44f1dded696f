// SPDX-License-Identifier: Apache-2.0
#include "bench/run/sandbox_control.h"

#include "bench/load/socket.h"
#include "bench/run/command.h"

namespace larder::bench {

SandboxControl::SandboxControl(const std::string& url) : endpoint_(parse_url(url).endpoint) {}

Json SandboxControl::call(std::string_view method, std::string_view target,
                          std::string_view body) const {
  const Answer answer = exchange(endpoint_, method, target, body);
  const Json parsed = Json::parse(answer.body, nullptr, false);
  if (answer.status == 200 && parsed.is_object()) return parsed;
  throw BenchError("the sandbox at " + endpoint_.authority + " refused " + std::string(method) +
                   " " + std::string(target) + ": " + answer.body);
}

OriginCounts SandboxControl::delivery_counts() const {
  const Json counts = call("GET", "/counts?paths=no");
  if (!counts.contains("delivery")) throw BenchError("no larder-sandbox at " + endpoint_.authority);
  const Json& delivery = counts["delivery"];
  return {delivery.at("requests").get<std::uint64_t>(),
          delivery.at("body_bytes").get<std::uint64_t>()};
}

std::uint64_t SandboxControl::delivery_requests() const {
  return delivery_counts().requests;
}

FaultRule::FaultRule(const SandboxControl& control, const std::string& rule)
    : control_(control), id_(control.call("POST", "/fault", rule).at("id").dump()) {}

FaultRule::~FaultRule() {
  try {
    control_.call("DELETE", "/faults/" + id_);
  } catch (const std::exception&) {
    // The sandbox has gone, and the rule with it.
  }
}

}  // namespace larder::bench
