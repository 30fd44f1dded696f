// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "conf/base/result.h"

namespace larder {

/// What was made, renamed or removed in a directory is there after a power cut. Error::io.
Result<void> sync_directory(const std::string& path);

}  // namespace larder
