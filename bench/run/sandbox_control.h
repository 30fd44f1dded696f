// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "bench/load/http_target.h"
#include "bench/run/json.h"

namespace larder::bench {

/// What the delivery host of a sandbox was asked for.
struct OriginCounts {
  std::uint64_t requests = 0;
  std::uint64_t body_bytes = 0;
};

/// The control server of a larder-sandbox: tests/sandbox/control.cc says what it takes.
class SandboxControl {
 public:
  explicit SandboxControl(const std::string& url);
  explicit SandboxControl(Endpoint endpoint) : endpoint_(std::move(endpoint)) {}

  OriginCounts delivery_counts() const;
  std::uint64_t delivery_requests() const;
  const Endpoint& endpoint() const { return endpoint_; }
  /// Throws BenchError with what the sandbox said against it.
  Json call(std::string_view method, std::string_view target, std::string_view body = {}) const;

 private:
  Endpoint endpoint_;
};

/// A fault rule in force as long as this lives.
class FaultRule {
 public:
  FaultRule(const SandboxControl& control, const std::string& rule);
  ~FaultRule();
  FaultRule(const FaultRule&) = delete;
  FaultRule& operator=(const FaultRule&) = delete;

 private:
  const SandboxControl& control_;
  std::string id_;
};

}  // namespace larder::bench
