// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Query strings as the client libraries write them.
namespace sandbox {

/// Percent-decodes; '+' is a blank. A bad escape stays as it is.
std::string decode(std::string_view text);

class Params {
 public:
  explicit Params(std::string_view query);

  /// The last value of a name, or nullptr.
  const std::string* get(std::string_view name) const;
  std::string text(std::string_view name) const;
  /// "true" in any case.
  bool flag(std::string_view name) const;
  /// A number, `otherwise` when absent or not one.
  long number(std::string_view name, long otherwise) const;

  /// All values of `base`, `base[]`, `base[][]` and `base[0]`, `base[1]`...
  std::vector<std::string> list(std::string_view base) const;
  /// (inner, value) of `base[inner][]`, `base[inner][0]` and `base[inner]`.
  std::vector<std::pair<std::string, std::string>> nested(std::string_view base) const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

}  // namespace sandbox
