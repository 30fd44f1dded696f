// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cache/scope/scope_mac.h"

namespace larder {

/// What the store remembers of a scope, so that a purge can find it: never a token.
struct ScopeLabel {
  ScopeMac mac;
  std::string delivery_host, api_key, environment, branch;
};

}  // namespace larder
