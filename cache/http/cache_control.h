// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace larder {

/// Cache-Control of a response as a shared cache reads it (RFC 9111 section 5.2.2). Unknown
/// directives are ignored; a malformed number counts as 0, and so does one with a blank beside its
/// `=`; of duplicates the stricter wins.
struct CacheControl {
  bool present = false;
  bool no_store = false;
  bool no_cache = false;
  bool is_private = false;
  bool must_revalidate = false;  ///< also proxy-revalidate; s-maxage implies it for stale use only
                                 ///< by RFC 9111 4.2.4
  std::optional<std::int64_t> max_age_s;
  std::optional<std::int64_t> s_maxage_s;
  std::optional<std::int64_t> stale_while_revalidate_s;
  std::optional<std::int64_t> stale_if_error_s;
};
CacheControl parse_cache_control(std::string_view value);

/// As much as a cache must be able to hold (RFC 9111 section 1.2.2); more counts as this.
inline constexpr std::int64_t kMaxDeltaSeconds = std::int64_t{1} << 31;

/// delta-seconds; nullopt for anything but digits.
std::optional<std::int64_t> parse_delta_seconds(std::string_view text);

/// Adds a second Cache-Control field: the stricter of both wins.
void merge_cache_control(const CacheControl& more, CacheControl& control);

}  // namespace larder
