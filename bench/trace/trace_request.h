// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/trace/trace_csv.h"

/// How a trace becomes requests: each key is an entry of a sandbox that has been told its length.
namespace larder::bench {

/// `t_KEY`, or `th` and a hash when the key has other characters than letters, digits, _ and -,
/// or more than 100 of them.
std::string trace_uid(std::string_view key);
/// Path and query; all keys have the same scope.
std::string trace_target(std::string_view uid);

/// Lengths that a sandbox can give: at least 2, as a JSON document has.
std::uint64_t body_bytes_of(std::uint64_t trace_bytes, std::uint64_t scale);

/// For each line of the trace the size of the key's next request from there on, the line's own
/// included; 0 = there is none. What a purge makes of the key.
std::vector<std::uint64_t> coming_sizes(const ReplayTrace& trace);

}  // namespace larder::bench
