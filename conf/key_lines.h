// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "conf/mistake.h"
#include "conf/toml_reader.h"

namespace larder {

/// In which lines of a configuration file its keys stand: for mistakes that only the values show,
/// when the file itself is gone. Holds no value, for some are secrets. Pure.
class KeyLines {
 public:
  KeyLines() = default;  ///< of an empty file
  explicit KeyLines(const TomlValue& file);

  /// Of the first one with this text, or of the only one; 0 = the file does not have the key, or
  /// has it several times and with other texts.
  int line_of(const std::string& key, const std::string& value) const;
  /// Gives each mistake that names a key the line of it.
  void place(std::vector<Mistake>& mistakes) const;

 private:
  void add(const TomlValue& value);

  struct Place {
    std::size_t text = 0;  ///< a hash
    int line = 0;
  };
  std::multimap<std::string, Place> places_;  ///< by key, in the order of the file
};

}  // namespace larder
