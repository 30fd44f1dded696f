// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "conf/config.h"

/// Durations and sizes as the configuration file writes them. Pure.
namespace larder {

/// "500ms", "60s", "5m", "24h", "7d": a whole number and a unit. nullopt = not of this form, or
/// more than 64 bits hold.
std::optional<Milliseconds> parse_duration(std::string_view text);

/// "65536", "64KiB", "1GiB", "10MB": a whole number and B, KiB, MiB, GiB, TiB (powers of 1024),
/// kB, KB, MB, GB, TB (powers of 1000) or nothing.
std::optional<Bytes> parse_size(std::string_view text);

/// In the largest unit that needs no fraction: "90s", "2m", "64KiB".
std::string duration_text(Milliseconds duration);
std::string size_text(Bytes size);

}  // namespace larder
