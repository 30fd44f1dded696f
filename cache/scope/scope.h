// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cache/scope/scope_mac.h"

/// Scopes: who may see an answer. Two requests share answers only when their scopes are equal.
namespace larder {

/// Proof that a request may see a scope's answers, and all that a fill needs to know of it.
struct Scope {
  ScopeMac mac;
  /// Which credential asked: differs between equivalent tokens of one scope, so that a rejected
  /// one does not condemn the others. HMAC over (api key, token, environment, branch).
  ScopeMac credential;
  /// Who asked: HMAC over (api key, token), whatever environment and branch.
  ScopeMac bearer;
  std::string delivery_host;  ///< base URL, `https://host`
  std::string preview_host;
  std::string api_key;
  std::string environment;  ///< effective: of the request, else of the configured token
  std::string branch;
  /// The configuration names its environment and its branch: there are no more such scopes than the
  /// operator has written down. The main branch needs no naming.
  bool is_listed = false;
};

}  // namespace larder
