// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

/// Remembers targets from which redact() takes nothing, for most requests ask for what others have
/// asked for: looking at each was half of the CPU of the access log's thread. Holds no credential
/// that the redactor knows. At most kPlaces targets. Not thread-safe.
class CleanTargets {
 public:
  static constexpr std::size_t kPlaces = 1'024;

  /// `target` as redact() leaves it: itself, or in `room`.
  std::string_view shown(std::string_view target, std::string& room);

 private:
  std::vector<std::string> places_;
  std::uint64_t redactor_ = 0;  ///< by which they are clean
};

}  // namespace larder
