// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

/// Entries of any size whose every byte is known from uid, marker and version.
///
/// The uid is `s{BYTES}_{anything}`. The body is
///     {"entry":{"uid":"UID","_marker":"MARKER","_version":VERSION,"fill":"FILL"}}
/// of exactly BYTES bytes, or, when that frame alone is longer, `{`, blanks and `}`. FILL is cut
/// from blocks of 64 bytes; block i is i as eight lower-case hex digits, a colon, and the first 55
/// bytes of UID repeated without end. So no two blocks of a body are alike.
///
/// The uid `t{anything}` has the BYTES that the control server was told last: see SizeTable.
namespace sandbox {

inline constexpr std::size_t kMaxSizedBytes = 64u << 20;

/// BYTES of a sized uid; none when it is not one, or is smaller than 2 or too large.
std::optional<std::size_t> sized_bytes(std::string_view uid);

/// Lengths of entries whose uid does not say it, so that a length can change under the same URL.
class SizeTable {
 public:
  /// Throws std::invalid_argument for another uid than `t...`, or a length out of bounds.
  void set(const std::string& uid, std::size_t bytes);
  /// Of a uid of either form.
  std::optional<std::size_t> bytes_of(std::string_view uid) const;
  std::size_t count() const { return bytes_.size(); }

 private:
  std::unordered_map<std::string, std::size_t> bytes_;
};

std::string sized_body(std::size_t bytes, std::string_view uid, std::string_view marker,
                       int version);

}  // namespace sandbox
