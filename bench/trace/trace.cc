// SPDX-License-Identifier: Apache-2.0
#include "bench/trace/trace.h"

#include <algorithm>
#include <limits>

#include "bench/run/command.h"

namespace larder::bench {
namespace {

/// FNV-1a, mixed: the same on every machine.
std::uint64_t hash_of(std::string_view key) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9u;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBu;
  return hash ^ (hash >> 31);
}

struct KeyState {
  std::uint64_t largest = 0;
  std::uint64_t present = TraceEvent::kPurge;  ///< its size in a cache without a bound
  std::uint64_t requests = 0;
};

void sum_up(const TraceEvent& event, KeyState& key, Trace& trace) {
  if (event.size == TraceEvent::kPurge) {
    ++trace.purges;
  } else {
    ++trace.requests;
    ++key.requests;
    trace.requested_bytes += event.size;
    if (key.present != event.size) {
      ++trace.first_requests;
      trace.first_bytes += event.size;
    }
  }
  key.present = event.size;
}

}  // namespace

void TraceBuilder::add(double time_s, std::string_view key, std::uint64_t size) {
  const std::uint64_t hash = hash_of(key);
  std::vector<std::uint64_t>& hashes = trace_.key_hashes;
  const auto [found, added] = numbers_.try_emplace(hash, static_cast<std::uint32_t>(hashes.size()));
  if (added) hashes.push_back(hash);
  if (hashes.size() >= std::numeric_limits<std::uint32_t>::max())
    throw BenchError("more than 4 thousand million keys are too many");
  if (trace_.events.empty()) began_s_ = time_s;
  const double offset = std::clamp(time_s - began_s_, 0.0, 4e9);
  trace_.events.push_back({found->second, static_cast<std::uint32_t>(offset), size});
}

void TraceBuilder::request(double time_s, std::string_view key, std::uint64_t size) {
  add(time_s, key, size);
}

void TraceBuilder::purge(double time_s, std::string_view key) {
  add(time_s, key, TraceEvent::kPurge);
}

Trace TraceBuilder::finish(std::string name, std::string format) {
  trace_.name = std::move(name);
  trace_.format = std::move(format);
  std::vector<KeyState> states(trace_.keys());
  for (const TraceEvent& event : trace_.events) {
    std::uint64_t& largest = states[event.key].largest;
    largest = std::max(largest, event.size);
  }
  for (TraceEvent& event : trace_.events) {
    if (level_sizes_ && event.size != TraceEvent::kPurge) event.size = states[event.key].largest;
    sum_up(event, states[event.key], trace_);
  }
  for (const KeyState& state : states) {
    trace_.keys_asked_once += state.requests == 1 ? 1 : 0;
    trace_.footprint_bytes += state.largest;
    trace_.largest_bytes = std::max(trace_.largest_bytes, state.largest);
  }
  if (!trace_.events.empty()) trace_.span_s = trace_.events.back().time_s;
  return std::move(trace_);
}

}  // namespace larder::bench
