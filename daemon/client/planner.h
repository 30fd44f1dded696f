// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "cache/scope/scope_table.h"
#include "conf/base/clock.h"
#include "conf/settings.h"
#include "daemon/client/plan.h"
#include "daemon/client/rejected_set.h"
#include "daemon/http1/request_memo.h"

namespace larder {

/// Makes a Plan of each request of a worker, in one step: rules, route, scope, canonical form, key,
/// lookup, freshness; for a fresh hit that the memo knows, the last two alone. Nothing of a request
/// is kept but in the memo, which the request parser shares, and in the scope table. One for each
/// worker; a fresh hit allocates nothing.
class Planner {
 public:
  Planner(SettingsPtr settings, const InstallSecret& secret, const KeyHasher& hasher,
          StoreReader& reader, const RejectedSet& rejected, RequestMemo& memo);

  /// Between two turns: the scope table is made anew, and the memo emptied.
  void use(SettingsPtr settings);

  Plan plan(const RequestView& request, ListenerConfig::Role role, WallTime now);

 private:
  bool answer_known(const KnownRequest& known, WallTime now, Plan& plan);
  void plan_anew(const RequestView& request, ListenerConfig::Role role, WallTime now, Plan& plan);
  void plan_preview(Plan& plan) const;
  CacheKey plan_stored(const RequestView& request, WallTime now, Plan& plan);
  void look_up(WallTime now, Plan& plan);

  const InstallSecret& secret_;
  const KeyHasher& hasher_;
  StoreReader& reader_;
  const RejectedSet& rejected_;
  SettingsPtr settings_;
  std::unique_ptr<ScopeTable> scopes_;  ///< of `settings_`
  RequestMemo& memo_;
  CanonicalForm form_;  ///< of the request being planned; kept for its capacity
};

}  // namespace larder
