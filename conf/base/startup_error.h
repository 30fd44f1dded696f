// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>

namespace larder {

/// larder cannot start: thrown before the loops run, caught by `main` alone, which prints the text
/// and exits with status 1. The text names what failed and what to do, and holds no secret.
class StartupError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace larder
