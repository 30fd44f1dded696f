// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cache/classify.h"
#include "cache/key.h"
#include "cache/scope.h"
#include "cache/store.h"
#include "conf/anchored_clock.h"
#include "daemon/orders.h"
#include "daemon/rejected_set.h"

namespace larder {

/// What a request gets. `object` is a view of this turn's snapshot.
struct Decision {
  enum class What : std::uint8_t { refuse, preflight, answer, fill, relay };
  What what = What::refuse;
  Refusal refusal;
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

/// Decides what each request of a worker gets: classification, scope, key, lookup, freshness. Keeps
/// what the last decision was made of, so that the order for it can be written without doing it
/// twice. One for each worker; a hit allocates nothing.
class Dispatch {
 public:
  Dispatch(const Config& config, const InstallSecret& secret, const KeyHasher& hasher,
           StoreReader& reader, const RejectedSet& rejected);

  Decision decide(const RequestView& request, ListenerConfig::Role role, WallTime now);

  // Of the last decision:
  FillOrder fill_order(const RequestView& request, Waiter waiter, bool has_stale) const;
  RelayOrder relay_order(Waiter waiter, RelayOrder::To to) const;
  StaleRecall stale_recall() const;
  const RequestFields& fields() const { return fields_; }
  const CacheKey& key() const { return key_; }
  const Scope* scope() const { return scope_.get(); }

  /// The object again, if it may still stand in for a failed origin.
  std::optional<ObjectView> recall(const StaleRecall& recall, WallTime now);

 private:
  Decision decide_cached(const RequestView& request, WallTime now);

  const Config& config_;
  const KeyHasher& hasher_;
  StoreReader& reader_;
  const RejectedSet& rejected_;
  ScopeTable scopes_;
  Decoded decoded_;
  RequestFields fields_;
  CanonicalRequest canonical_;
  std::string canonical_bytes_;
  CacheKey key_;
  std::shared_ptr<const Scope> scope_;
  std::string preview_host_;
  bool credential_rejected_ = false;
};

}  // namespace larder
