// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace larder {

/// The field `traceparent` (W3C Trace Context): by which a request is found in the traces of all
/// that it went through. Fixed in size: handing it on allocates nothing.
class TraceParent {
 public:
  TraceParent() = default;  ///< none
  /// As section 3.2 has it: `VERSION-TRACE_ID-PARENT_ID-FLAGS` in lower-case hex digits, neither id
  /// all zero, no version ff, nothing behind version 00; behind a later one only after a further
  /// dash. None of anything else. Pure.
  static TraceParent of_text(std::string_view text);

  bool empty() const { return trace_id_[0] == '\0'; }
  /// 32 hex digits; "" of none.
  std::string_view trace_id() const { return {trace_id_.data(), empty() ? 0 : trace_id_.size()}; }
  /// As version 00, which is all that is understood: 55 octets.
  std::string text() const;

 private:
  std::array<char, 32> trace_id_{};
  std::array<char, 16> parent_id_{};
  std::array<char, 2> flags_{};
};

}  // namespace larder
