// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "cache/request/classify.h"
#include "cache/scope/key.h"
#include "conf/base/clock.h"
#include "daemon/watch/clean_targets.h"
#include "daemon/watch/metrics.h"
#include "daemon/watch/request_id.h"

namespace larder {

/// The beginning of a target, fixed in size. A copy costs what it holds.
class TargetText {
 public:
  /// Longer ones are cut before the value that crosses it.
  static constexpr std::size_t kMaxBytes = 300;

  TargetText() = default;
  TargetText(const TargetText& other) { *this = other; }
  TargetText& operator=(const TargetText& other) {
    length_ = other.length_;
    std::copy_n(other.bytes_.data(), length_, bytes_.data());
    return *this;
  }
  void set(std::string_view target);
  std::string_view text() const { return {bytes_.data(), length_}; }

 private:
  std::uint16_t length_ = 0;
  std::array<char, kMaxBytes> bytes_;
};

/// One finished request, fixed in size so that handing it over allocates nothing.
struct AccessRecord {
  WallTime time;
  std::uint32_t duration_us = 0;
  std::uint16_t status = 0;
  Outcome outcome = Outcome::refused;
  Reason reason = Reason::none;  ///< of its plan
  Method method = Method::other;
  bool http_1_1 = true;
  float share = 1;  ///< of requests like this one that are lines: AccessSampler::take()
  std::uint64_t body_bytes = 0;  ///< sent to the client
  std::array<std::uint8_t, 4> scope{};
  std::array<std::uint8_t, 8> key{};  ///< of the URL hash; zero when the request had no key
  std::uint16_t target_bytes = 0;     ///< as received; `target` may have fewer
  std::array<char, 46> client{};
  RequestId id;
  TraceParent trace;
  const char* detail = "";  ///< static text: what became of it, as in Cache-Status; "" = no more
  TargetText target;

  void set_target(std::string_view text);
  void set_client(std::string_view text);
};

/// One JSON line, without any token. With "sample" where it stands for others too, and "trace_id"
/// where the request has one.
std::string format_access_record(const AccessRecord& record, CleanTargets& targets);

/// The same request as NCSA's combined log format has it, Referer and User-Agent as `-`. Behind
/// that ` sample=0.01` and ` trace_id=...`, as above.
std::string combined_access_line(const AccessRecord& record, CleanTargets& targets);

}  // namespace larder
