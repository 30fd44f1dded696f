// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "cache/classify.h"
#include "conf/result.h"

namespace larder {

/// Says whether a whole body is well-formed JSON (simdjson), after un-gzipping when asked.
/// `max_decoded_bytes` bounds the memory a gzip bomb can take (Error::full). One per thread:
/// keeps its buffers between calls and gives large ones back.
class JsonCheck {
 public:
  JsonCheck();
  ~JsonCheck();
  JsonCheck(const JsonCheck&) = delete;
  JsonCheck& operator=(const JsonCheck&) = delete;

  /// Ok = an object or array, complete, nothing behind it. Errors: corrupt, full.
  Result<void> check(std::string_view body, Representation representation,
                     std::uint64_t max_decoded_bytes);
  /// Of the document checked last: its `error_code`, or 0; and whether `errors` has the key.
  int error_code() const;
  bool error_names(std::string_view field) const;

 private:
  struct Impl;
  Impl* impl_;
};

}  // namespace larder
