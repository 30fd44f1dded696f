// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace CLI {
class Validator;
}

namespace larder::bench {

/// A header whose value is another one in every request, as tracing sends it: of the form of a W3C
/// `traceparent`, whatever its name.
class VariedHeader {
 public:
  static constexpr std::size_t kValueBytes = 55;

  /// "" = none.
  explicit VariedHeader(const std::string& name);
  /// Puts the header behind the others of a request that ends with its blank line.
  void add_to(std::string& request);

 private:
  std::string lead_;  ///< the name and `: `
  std::uint64_t count_ = 0;
};

/// For options: the name of a header.
CLI::Validator header_name();

}  // namespace larder::bench
