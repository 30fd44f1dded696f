// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "cache/body/chunk.h"
#include "cache/http/representation.h"
#include "conf/base/result.h"

namespace larder {

/// Says whether a whole body is well-formed JSON, after un-gzipping when asked: piece by piece
/// through a window, so that no body and no gzip bomb takes more memory than another (some 200
/// KiB). `max_decoded_bytes` bounds the work (Error::full). One per thread: keeps its buffers.
class JsonCheck {
 public:
  JsonCheck();
  ~JsonCheck();
  JsonCheck(const JsonCheck&) = delete;
  JsonCheck& operator=(const JsonCheck&) = delete;

  /// Ok = an object or array, complete, nothing behind it. Errors: corrupt, full.
  Result<void> check(const std::vector<Chunk>& body, Representation representation,
                     std::uint64_t max_decoded_bytes);
  Result<void> check(std::string_view body, Representation representation,
                     std::uint64_t max_decoded_bytes);
  /// Of the document checked last, if it was sound and at most 64 KiB long: its `error_code`, or 0;
  /// and whether `errors` has the key.
  int error_code() const;
  bool error_names(std::string_view field) const;

 private:
  struct Impl;
  Impl* impl_;
};

}  // namespace larder
