// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cache/store/store.h"
#include "conf/config.h"

/// Why a purge has found nothing. Pure.
namespace larder {

/// What a scope may be: an empty part is any.
struct KnownScope {
  std::string api_key;
  std::string environment;
  std::string branch;
};

/// The scopes of the configured stacks; none in open mode.
std::vector<KnownScope> configured_scopes(const Config& config);

/// Those, and the labels of the scopes in the store.
std::vector<KnownScope> scopes_to_name(const Config& config, const std::vector<ScopeLabel>& stored);

/// Names the first part of the order that no known scope has, and the name that was probably meant.
/// When there is none, says that nothing of it is stored.
std::string purge_hint(const PurgeOrder& order, std::vector<KnownScope> known);

}  // namespace larder
