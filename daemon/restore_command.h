// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cache/store/snapshot_restore.h"
#include "conf/base/clock.h"
#include "conf/config.h"

namespace larder {

/// `larderd --restore-snapshot FILE`.
struct RestoreWish {
  std::string file;
  std::string config_file;   ///< "" = the default configuration
  bool replaces = false;     ///< --replace
  bool revalidates = false;  ///< --revalidate
};

/// What a larderd with this configuration hears of changes that it has missed: with the bus of all,
/// else of what sync follows. The rest has to be asked for again. Pure.
RestoreOrder restore_order(const RestoreWish& wish, const Config& config, WallTime now);

/// Restores into `cache.path`, without a credential being read, and says on stdout what there is
/// now. Throws StartupError.
void restore_from(const RestoreWish& wish);

}  // namespace larder
