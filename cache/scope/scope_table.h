// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "cache/request/classify.h"
#include "cache/scope/install_secret.h"
#include "cache/scope/scope.h"
#include "conf/config.h"

namespace larder {

/// A scope, and how it was proven: Reason::open_scope, configured_scope or unproven_scope.
struct ProvenScope {
  std::shared_ptr<const Scope> scope;
  Reason reason = Reason::none;
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
  std::variant<ProvenScope, Refusal> resolve(const RequestFields& fields);

  /// For Route::preview: only the hosts are needed; unknown api key = 412/109; with configured
  /// stacks a non-empty preview token must be one of the stack's (if the stack lists any, and has
  /// no scope for which any will do), else 401/105.
  std::variant<std::string, Refusal> preview_host(const RequestFields& fields) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace larder
