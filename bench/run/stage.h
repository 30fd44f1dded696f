// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "bench/load/http_target.h"
#include "bench/run/json.h"
#include "bench/run/process.h"

/// What the servers that benchmarks start have in common: where they run, and how one sees that
/// they do.
namespace larder::bench {

/// What all of them are started with. Who is started anew with the same stage finds again what it
/// had stored.
struct Stage {
  std::filesystem::path folder;  ///< for configurations, caches and logs
  std::uint16_t origin_port = 0;
  int cpu = -1;  ///< that each is tied to
  std::uint64_t cache_bytes = std::uint64_t{1} << 30;
};

struct Contestant {
  std::string name;
  Child child;
  Endpoint endpoint;
  std::string admin_socket;  ///< of a larderd
};

/// The folder `name` of the stage, made if need be.
std::filesystem::path folder_of(const Stage& stage, const std::string& name);

/// `text` with each `{name}` replaced.
using Blanks = std::initializer_list<std::pair<std::string_view, std::string>>;
std::string fill_in(std::string_view text, Blanks blanks);

/// One line of JSON that a program prints, or writes to a file, when it serves.
Json wait_for_json(const Child& child, const std::filesystem::path& file);

std::uint16_t free_port();

/// A server that listens on `port` once it is ready.
Contestant when_listening(std::string name, Child child, std::uint16_t port);

}  // namespace larder::bench
