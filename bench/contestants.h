// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "bench/http_target.h"
#include "bench/process.h"

/// The servers that benchmarks start, each with what it needs in a directory of its own.
namespace larder::bench {

/// What all of them are started with.
struct Stage {
  std::filesystem::path folder;  ///< for configurations, caches and logs
  std::uint16_t origin_port = 0;
  int cpu = -1;  ///< that each is tied to
};

struct Programs {
  std::string larderd;
  std::string sandbox;
  std::string nginx;  ///< "" = there is none
};

struct Contestant {
  std::string name;
  Child child;
  Endpoint endpoint;
};

struct SandboxOrigin {
  Child child;
  std::uint16_t delivery_port = 0;
  std::uint16_t control_port = 0;
};

SandboxOrigin start_sandbox(const std::string& program, const std::filesystem::path& folder);

/// One worker, everything fresh for an hour. `more` is appended to its configuration.
Contestant start_larderd(const char* name, const std::string& program, const Stage& stage,
                         const std::string& more = {});

/// One worker; the settings that were fastest: no sendfile, open files remembered. Credentials,
/// branch and environment are in its key, as they are in larderd's.
Contestant start_nginx(const std::string& program, const Stage& stage);

/// `engine` and `copies`: of limit-server.
Contestant start_limit(const char* name, const char* engine, std::size_t copies,
                       std::uint64_t body_bytes, const Stage& stage);

}  // namespace larder::bench
