// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "bench/run/stage.h"

/// The servers that benchmarks start, each with one worker and with what it needs in a directory of
/// its own. All caches keep an answer for 30 days, and have credentials, branch and environment in
/// their keys.
namespace larder::bench {

struct SandboxOrigin {
  Child child;
  std::uint16_t delivery_port = 0;
  std::uint16_t control_port = 0;
};

SandboxOrigin start_sandbox(const std::string& program, const std::filesystem::path& folder,
                            int cpu = -1);

struct LarderdSetting {
  std::string name = "larderd";
  std::string program;
  std::uint64_t max_object = 0;  ///< as in its configuration
};
Contestant start_larderd(const LarderdSetting& setting, const Stage& stage);

/// The settings that were fastest: no sendfile, open files remembered.
Contestant start_nginx(const std::string& program, const Stage& stage);
/// In memory; one pool of threads.
Contestant start_varnish(const std::string& program, const Stage& stage);
/// In memory, at most 4,095 MiB.
Contestant start_haproxy(const std::string& program, const Stage& stage);

/// `engine` and `copies`: of limit-server.
Contestant start_limit(const char* name, const char* engine, std::size_t copies,
                       std::uint64_t body_bytes, const Stage& stage);

}  // namespace larder::bench
