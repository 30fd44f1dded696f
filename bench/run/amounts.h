// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace CLI {
class Validator;
}

/// Amounts as an operator writes them on the command line.
namespace larder::bench {

/// `1024`, `1K`, `1KiB`, `100k`, `2M`, `4GiB`: powers of 1024.
std::optional<std::uint64_t> parse_bytes(std::string_view text);
/// `5ms`, `1.5s`: in whole milliseconds.
std::optional<std::uint64_t> parse_milliseconds(std::string_view text);
/// Requests a second; `max` is 0.
std::optional<double> parse_rate(std::string_view text);

/// For options: each turns the text into a plain number, within bounds, or names the mistake.
CLI::Validator as_bytes(std::uint64_t least, std::uint64_t most);
CLI::Validator as_milliseconds();
CLI::Validator as_rate();

/// `100 bytes`, `10 KiB`, `1.51 GiB`: for people.
std::string bytes_text(std::uint64_t bytes);

}  // namespace larder::bench
