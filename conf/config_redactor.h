// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "conf/base/redact.h"
#include "conf/config.h"

namespace larder {

/// A redactor that knows every token of the configuration.
Redactor redactor_for(const Config& config);

}  // namespace larder
