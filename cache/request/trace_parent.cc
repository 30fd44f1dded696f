// SPDX-License-Identifier: Apache-2.0
#include "cache/request/trace_parent.h"

#include <algorithm>

namespace larder {
namespace {

constexpr std::size_t kLength = 55;
constexpr std::size_t kTraceId = 3, kParentId = 36, kFlags = 53;  ///< where they begin

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

/// Of a later version the lowest bit alone is known: sampled.
std::string_view known_flags(std::string_view version, std::string_view flags) {
  if (version == "00") return flags;
  constexpr std::string_view kOdd = "13579bdf";
  return kOdd.find(flags[1]) == std::string_view::npos ? "00" : "01";
}

}  // namespace

TraceParent TraceParent::of_text(std::string_view text) {
  TraceParent none;
  if (text.size() < kLength) return none;
  const std::string_view version = text.substr(0, 2), trace = text.substr(kTraceId, 32),
                         parent = text.substr(kParentId, 16), flags = text.substr(kFlags, 2);
  const bool dashes =
      text[kTraceId - 1] == '-' && text[kParentId - 1] == '-' && text[kFlags - 1] == '-';
  if (!dashes || !is_hex(version) || !is_hex(trace) || !is_hex(parent) || !is_hex(flags)) {
    return none;
  }
  if (version == "ff" || is_zero(trace) || is_zero(parent)) return none;
  if (text.size() > kLength && (version == "00" || text[kLength] != '-')) return none;
  TraceParent out;
  std::copy(trace.begin(), trace.end(), out.trace_id_.begin());
  std::copy(parent.begin(), parent.end(), out.parent_id_.begin());
  const std::string_view known = known_flags(version, flags);
  std::copy(known.begin(), known.end(), out.flags_.begin());
  return out;
}

std::string TraceParent::text() const {
  std::string out = "00-";
  out.append(trace_id()).append("-");
  out.append(parent_id_.data(), parent_id_.size()).append("-");
  return out.append(flags_.data(), flags_.size());
}

}  // namespace larder
