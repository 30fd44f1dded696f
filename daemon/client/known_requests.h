// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "cache/request/request.h"
#include "cache/scope/key.h"
#include "cache/scope/scope.h"
#include "conf/base/secret.h"
#include "conf/config.h"

namespace larder {

/// What classification, scope and key came to for a request of Route::cached. All of it follows
/// from the header block, the listener's role, the target and the settings (with new ones all is
/// forgotten); nothing of it says whether an answer is stored, fresh or allowed.
struct KnownRequest {
  std::uint64_t header_id = 0;  ///< RequestView::header_id; 0 = none is known here
  ListenerConfig::Role role = ListenerConfig::Role::delivery;
  std::uint32_t target_length = 0;
  Secret text;  ///< the target, then the canonical bytes; tokens may be in the target
  CacheKey key;
  std::shared_ptr<const Scope> scope;
  Reason scope_reason = Reason::none;

  std::string_view target() const { return text.reveal().substr(0, target_length); }
  std::string_view canonical() const { return text.reveal().substr(target_length); }
};

/// The requests that one worker gets again and again. Found by header block, role and whole target,
/// compared byte by byte; in a place that its hash gives, where the next one that is seen twice in
/// a row takes over. Finding allocates nothing. Bound: kPlaces * (kMaxText + 200 bytes + a scope).
class KnownRequests {
 public:
  static constexpr std::size_t kPlaces = 2'048;
  static constexpr std::size_t kMaxText = 1'024;  ///< target and canonical bytes; longer = not kept

  KnownRequests() : places_(kPlaces) {}

  void clear() { places_ = std::vector<Place>(kPlaces); }

  /// Null = not known. Good until the next learn().
  const KnownRequest* find(const RequestView& request, ListenerConfig::Role role) const;
  /// Kept when it comes the second time, so that requests that come once displace nothing. One
  /// with header_id 0 is not kept.
  void learn(const RequestView& request, ListenerConfig::Role role, std::string_view canonical,
             const CacheKey& key, const std::shared_ptr<const Scope>& scope, Reason scope_reason);

 private:
  struct Place {
    KnownRequest known;
    std::uint64_t candidate = 0;  ///< hash of the request that wanted this place last
  };

  std::vector<Place> places_;
};

}  // namespace larder
