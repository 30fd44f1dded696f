// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace larder {

/// One thing that is wrong with a configuration file. Neither text holds a secret.
struct Mistake {
  int line = 0;         ///< from 1; 0 = the file as a whole
  std::string message;  ///< what is wrong
  std::string remedy;   ///< what to do
};

}  // namespace larder
