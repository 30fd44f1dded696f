// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cache/store/shared.h"

namespace larder {

/// Reads one piece of a stored body, as long as a row at most: who wants all of it asks for one
/// after the other, and nobody holds more than one.
class PieceReader {
 public:
  /// `shared` outlives it.
  explicit PieceReader(StoreShared& shared) : shared_(shared) {}

  void run(PieceJob& job);

 private:
  Result<std::string> read(const PieceJob& job) const;

  StoreShared& shared_;
};

}  // namespace larder
