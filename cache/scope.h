// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "cache/classify.h"
#include "conf/config.h"

/// Scopes: who may see an answer. Two requests share answers only when their scopes are equal.
namespace larder {

/// HMAC-SHA256 by the install secret over the length-prefixed (delivery host, api key, token
/// identity, environment, branch). All 32 bytes are stored and compared; the first 16 lead the
/// store's key. Safe to print in part: nothing of the token can be had from it.
struct ScopeMac {
  std::array<std::uint8_t, 32> bytes{};
  friend bool operator==(const ScopeMac&, const ScopeMac&) = default;
};

/// 32 random bytes made at first start, in the cache directory (mode 0600). Losing it empties the
/// cache, for no key can be derived again.
struct InstallSecret {
  std::array<std::uint8_t, 32> bytes{};
};

/// Reads the secret or makes one (fsynced before first use). Throws StartupError.
InstallSecret load_install_secret(const std::string& directory);

/// Proof that a request may see a scope's answers, and all that a fill needs to know of it.
struct Scope {
  ScopeMac mac;
  /// Which credential asked: differs between equivalent tokens of one scope, so that a rejected
  /// one does not condemn the others. HMAC over (api key, token, environment, branch).
  ScopeMac credential;
  std::string delivery_host;  ///< base URL, `https://host`
  std::string preview_host;
  std::string api_key;
  std::string environment;  ///< effective: of the request, else of the configured token
  std::string branch;
};

/// Maps a request's fields to its scope. With configured stacks: an unknown api key is 412/109,
/// an unknown token 401/105, a token at another environment than its own 422/141, a branch that is
/// not allowed 422/901. In open mode every tuple is a scope of its own. Memoised, at most
/// `OpenModeConfig::max_scopes` (or 4,096 configured tuples) remembered, least recently used
/// forgotten first. Not thread-safe: one for each worker. A memo hit allocates nothing.
class ScopeTable {
 public:
  ScopeTable(const Config& config, const InstallSecret& secret);
  ~ScopeTable();
  ScopeTable(const ScopeTable&) = delete;
  ScopeTable& operator=(const ScopeTable&) = delete;

  /// For Route::cached and Route::pass. The pointer is good until the scope falls out of the memo:
  /// hold the shared_ptr beyond the turn.
  std::variant<std::shared_ptr<const Scope>, Refusal> resolve(const RequestFields& fields);

  /// For Route::preview: only the hosts are needed; unknown api key = 412/109; with configured
  /// stacks a non-empty preview token must be one of the stack's (if the stack lists any), else 401/105.
  std::variant<std::string, Refusal> preview_host(const RequestFields& fields) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace larder
