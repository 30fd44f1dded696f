// SPDX-License-Identifier: Apache-2.0
#include "daemon/client/known_requests.h"

#include <functional>
#include <string>

namespace larder {
namespace {

// Without a secret: who makes requests meet in a place gets the answer that all others get, later
// by the classification that was not spared.
std::uint64_t hash_of(const RequestView& request) {
  return std::hash<std::string_view>{}(request.target) ^ request.header_id * 0x9E3779B97F4A7C15u;
}

}  // namespace

const KnownRequest* KnownRequests::find(const RequestView& request,
                                        ListenerConfig::Role role) const {
  if (request.header_id == 0) return nullptr;
  const KnownRequest& known = places_[hash_of(request) % kPlaces].known;
  const bool same = known.header_id == request.header_id && known.role == role &&
                    known.target() == request.target;
  return same ? &known : nullptr;
}

void KnownRequests::learn(const RequestView& request, ListenerConfig::Role role,
                          std::string_view canonical, const CacheKey& key,
                          const std::shared_ptr<const Scope>& scope, Reason scope_reason) {
  if (request.header_id == 0 || request.target.size() + canonical.size() > kMaxText) return;
  if (find(request, role) != nullptr) return;
  const std::uint64_t hash = hash_of(request);
  Place& place = places_[hash % kPlaces];
  if (place.candidate != hash) {
    place.candidate = hash;
    return;
  }
  std::string text;
  text.reserve(request.target.size() + canonical.size());
  text.append(request.target).append(canonical);
  place.known = {.header_id = request.header_id,
                 .role = role,
                 .target_length = static_cast<std::uint32_t>(request.target.size()),
                 .text = Secret(std::move(text)),
                 .key = key,
                 .scope = scope,
                 .scope_reason = scope_reason};
}

}  // namespace larder
