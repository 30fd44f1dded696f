// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bench/peers/contestants.h"

namespace larder::bench {

struct OwnSetting {
  std::string larderd = program_beside("larderd");
  std::string sandbox = program_beside("larder-sandbox");
  std::string folder;  ///< for temporary files; "" = $TMPDIR or /tmp
  int server_cpu = -1;
  int load_cpu = -1;  ///< also the sandbox's
  std::uint64_t cache_bytes = std::uint64_t{1} << 30;
  std::uint64_t max_object = 0;
};

/// A larderd with one worker and a sandbox behind it, for a measurement that names no server.
class OwnLarderd {
 public:
  explicit OwnLarderd(const OwnSetting& setting);

  const Contestant& server() const { return *server_; }
  const SandboxOrigin& origin() const { return *origin_; }
  /// Both in two steps, so that each can be timed. The cache stays; the port does not.
  void stop(int signal);
  void start();

 private:
  const OwnSetting setting_;
  TempDir folder_;
  std::optional<SandboxOrigin> origin_;
  std::optional<Contestant> server_;
};

}  // namespace larder::bench
