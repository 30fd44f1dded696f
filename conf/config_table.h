// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "conf/config_key.h"

namespace larder {

/// Every key of the configuration file and the member of `Config` that it sets.
Keys<Config> config_table();

}  // namespace larder
