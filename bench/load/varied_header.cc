// SPDX-License-Identifier: Apache-2.0
#include "bench/load/varied_header.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "conf/base/octets.h"

namespace larder::bench {
namespace {

/// Another number for each count, all of its bits in motion (the finaliser of SplitMix64).
std::uint64_t mixed(std::uint64_t count) {
  count += 0x9E3779B97F4A7C15u;
  count = (count ^ (count >> 30)) * 0xBF58476D1CE4E5B9u;
  count = (count ^ (count >> 27)) * 0x94D049BB133111EBu;
  return count ^ (count >> 31);
}

}  // namespace

VariedHeader::VariedHeader(const std::string& name) {
  if (!name.empty()) lead_ = name + ": ";
}

void VariedHeader::add_to(std::string& request) {
  if (lead_.empty()) return;
  const auto number = [this] { return static_cast<unsigned long long>(mixed(count_++)); };
  char value[kValueBytes + 1];
  const auto high = number();
  const auto low = number();
  std::snprintf(value, sizeof value, "00-%016llx%016llx-%016llx-01", high, low, number());
  request.resize(request.size() - 2);  // the blank line
  request.append(lead_).append(value, kValueBytes).append("\r\n\r\n");
}

CLI::Validator header_name() {
  return CLI::Validator(
      [](const std::string& text) {
        const bool good = !text.empty() && all_octets(text, kTokenChar);
        return good ? std::string() : "not the name of a header: " + text;
      },
      "NAME");
}

}  // namespace larder::bench
