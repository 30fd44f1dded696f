// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace larder {

/// A token or key in memory. Wiped when it ends; has no stream operator and no implicit
/// conversion, so that it cannot slip into a log line. Core dumps are off (`main`), which is the
/// real guard: copies inside libcurl are not wiped.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret& other);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { wipe(); }

  /// The bytes, for comparing and for sending to the origin; never for printing.
  std::string_view reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

  /// Equal without telling by time where they differ (lengths may show).
  bool equals(std::string_view other) const;

 private:
  void wipe();
  std::string text_;
};

}  // namespace larder
