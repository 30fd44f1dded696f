// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "conf/base/clock.h"
#include "upstream/host.h"

namespace larder {

/// What is known of the origin hosts, from the thread that fetches to whoever asks. Any thread.
class HostBoard {
 public:
  /// Replaces what was shown before.
  void show(std::vector<HostSnapshot> delivery, std::vector<HostSnapshot> preview);
  using Visit = std::function<void(const HostSnapshot& host, std::string_view use)>;
  /// Each host and what it is for, delivery or preview. `visit` does not call back.
  void for_each(const Visit& visit) const;
  /// A JSON array with an object for each host and use, for the status. No credentials.
  std::string json(MonotonicTime now) const;

 private:
  mutable std::mutex mutex_;
  std::vector<HostSnapshot> delivery_;
  std::vector<HostSnapshot> preview_;
};

}  // namespace larder
