// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cache/store/store.h"
#include "conf/config.h"

namespace larder {

/// The whole HTTP answer to a purge; 404 where nothing was found: the purge holds, but it is not
/// what was meant. Pure.
std::string purge_answer(const PurgeOrder& order, const PurgeResult& result, const Config& config);

}  // namespace larder
