// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cache/http/freshness.h"
#include "cache/request/canonical.h"
#include "cache/request/classify.h"
#include "cache/request/reason.h"
#include "cache/scope/key.h"
#include "cache/scope/scope.h"
#include "cache/store/store.h"
#include "daemon/orders/orders.h"
#include "daemon/watch/request_id.h"

namespace larder {

/// The canonical request and the bytes that the store compares.
struct CanonicalForm {
  CanonicalRequest request;
  std::string bytes;
};

/// What a request gets, and why. It owns what it says, with two exceptions: `fields` are views of
/// the request and of `decoded`, and `object` is a view of this turn's snapshot. So a Plan is a
/// local of the turn that made it; what has to last is in the orders made from it.
struct Plan {
  enum class What : std::uint8_t {
    refuse,     ///< with `refusal`
    preflight,  ///< by larder itself
    answer,     ///< with `object`; a stale one is to be refreshed
    fill,       ///< from the origin; `object`, if any, may serve if the origin fails
    relay,      ///< streamed from the host of `relay_to`, never stored
  };
  What what = What::refuse;
  RelayOrder::To relay_to = RelayOrder::To::delivery;
  Reason route_reason = Reason::none;
  Reason scope_reason = Reason::none;
  Reason store_reason = Reason::none;
  Refusal refusal;
  Decoded decoded;
  RequestFields fields;  ///< empty with a fresh answer to a request that the memo knew
  std::shared_ptr<const Scope> scope;      ///< of answers, fills and relays to the delivery host
  std::string preview_host;                ///< of relays to it
  CacheKey key;                            ///< of answers and fills
  std::optional<CanonicalForm> canonical;  ///< of fills and stale answers
  std::optional<ObjectView> object;
  std::uint64_t generation = 0;  ///< Settings::generation by which it was made

  /// The reason of the step that decided: of the refusal, of the route for preflights and relays,
  /// of the store for answers and fills.
  Reason reason() const;
  bool fresh() const { return store_reason == Reason::fresh; }
  /// Base URL of the host that would be asked; empty = none.
  std::string_view host() const;
};

/// What must outlive the turn to answer from the store later, when the origin has failed.
struct StaleRecall {
  CacheKey key;
  std::string canonical;
  ScopeMac scope;
};

/// The order for a plan that has `canonical`: a fill, or the refresh of a stale answer (then
/// `waiter.out` is null). `request` is the one that was planned, in the same turn.
FillOrder fill_order_for(const Plan& plan, const RequestView& request, Waiter waiter,
                         const ServerConfig& server, const UpstreamConfig& upstream);

/// The order for a relay; `request` as above.
RelayOrder relay_order_for(const Plan& plan, const RequestView& request, Waiter waiter,
                           const ServerConfig& server, const UpstreamConfig& upstream);

/// Where upstream.forward_headers_unkeyed names x-request-id: puts the request's id in the place of
/// what the client has sent, if anything.
void carry_id(std::vector<std::string>& lines, const UpstreamConfig& upstream, const RequestId& id);

/// Tells the origin the trace that the request belongs to, unless the operator's lists have sent
/// `traceparent` on as the client wrote it.
void carry_trace(std::vector<std::string>& lines, const UpstreamConfig& upstream,
                 const TraceParent& trace);

/// For a fill whose plan has a stale object.
StaleRecall stale_recall_for(const Plan& plan);

/// The object again, if it may still stand in for a failed origin; a view of this turn's snapshot.
std::optional<ObjectView> recall(StoreReader& reader, const StaleRecall& stale, WallTime now);

}  // namespace larder
