// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace larder {

/// One thing that is wrong with a configuration file. Neither text holds a secret.
struct Mistake {
  int line = 0;         ///< from 1; 0 = the file as a whole
  std::string message;  ///< what is wrong
  std::string remedy;   ///< what to do
  /// Where `line` is 0: the key that is to blame, "cache.path", and its value where several values
  /// stand under this key. KeyLines makes a line of them.
  std::string key = {};
  std::string value = {};
};

}  // namespace larder
