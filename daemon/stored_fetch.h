// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "conf/base/result.h"
#include "daemon/control_side.h"
#include "daemon/get_text.h"
#include "upstream/control_client.h"

namespace larder {

/// Fetches what is stored of a URL from a running daemon: first the heads, then one body by its
/// pieces. Blocks.
class StoredFetch {
 public:
  /// How often to begin anew where an object is replaced while it is read.
  static constexpr int kTries = 3;

  /// `side` outlives it. `target`: `/get?url=...`
  StoredFetch(const ControlSide& side, std::string target)
      : side_(side), target_(std::move(target)) {}

  Result<ControlAnswer> heads() const;
  /// The whole body, inflated. not_found: it has been replaced or has gone; corrupt: the pieces are
  /// not what the head says, or do not inflate.
  Result<std::string> body(const PickedObject& object) const;

 private:
  Result<std::string> stored_body(const PickedObject& object) const;

  const ControlSide& side_;
  const std::string target_;
};

/// Of a series of gzip members. Error::corrupt where it is none.
Result<std::string> inflated(std::string_view stored);

}  // namespace larder
