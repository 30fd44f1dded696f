// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cache/request/classify.h"
#include "cache/scope/key.h"
#include "cache/scope/scope_table.h"
#include "cache/store/store.h"
#include "conf/base/anchored_clock.h"
#include "conf/settings.h"
#include "daemon/client/known_requests.h"
#include "daemon/client/rejected_set.h"
#include "daemon/orders/orders.h"

namespace larder {

/// What a request gets. `fields` are views of the request and of the Dispatch's scratch, `object`
/// is one of this turn's snapshot.
struct Decision {
  enum class What : std::uint8_t { refuse, preflight, answer, fill, relay };
  What what = What::refuse;
  Refusal refusal;
  RequestFields fields;  ///< empty with a fresh `answer` to a known request
  std::optional<ObjectView>
      object;  ///< with `answer`; with `fill`: a stale one that may serve if the origin fails
  Freshness freshness = Freshness::fresh;  ///< of `object`
  RelayOrder::To relay_to = RelayOrder::To::delivery;
};

/// What must outlive the turn to answer from the store later, when the origin has failed.
struct StaleRecall {
  CacheKey key;
  std::string canonical;
  ScopeMac scope;
};

/// Decides what each request of a worker gets: classification, scope, key, lookup, freshness; for a
/// fresh hit of a known request, the last two alone. Keeps scope and key of the last decision, so
/// that the order for it can be written without doing it twice. One for each worker; a hit
/// allocates nothing.
class Dispatch {
 public:
  Dispatch(SettingsPtr settings, const InstallSecret& secret, const KeyHasher& hasher,
           StoreReader& reader, const RejectedSet& rejected);

  /// Between two turns: what was remembered under the old settings is forgotten.
  void use(SettingsPtr settings);

  Decision decide(const RequestView& request, ListenerConfig::Role role, WallTime now);

  // Of the last decision:
  FillOrder fill_order(const RequestView& request, const RequestFields& fields, Waiter waiter,
                       bool has_stale) const;
  RelayOrder relay_order(const RequestView& request, const Decision& decision, Waiter waiter) const;
  StaleRecall stale_recall() const;
  const CacheKey& key() const { return key_; }
  const Scope* scope() const { return scope_.get(); }

  /// The object again, if it may still stand in for a failed origin.
  std::optional<ObjectView> recall(const StaleRecall& recall, WallTime now);

 private:
  bool answer_known(const KnownRequest& known, WallTime now, Decision& decision);
  void decide_cached(const RequestView& request, WallTime now, Decision& decision);

  const InstallSecret& secret_;
  SettingsPtr settings_;
  const KeyHasher& hasher_;
  StoreReader& reader_;
  const RejectedSet& rejected_;
  std::unique_ptr<ScopeTable> scopes_;  ///< of `settings_`
  KnownRequests known_;
  Decoded decoded_;
  CanonicalRequest canonical_;
  std::string canonical_bytes_;
  CacheKey key_;
  std::shared_ptr<const Scope> scope_;
  std::string preview_host_;
  bool credential_rejected_ = false;
};

}  // namespace larder
