// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cache/store/url_listing.h"
#include "daemon/admin/explain_request.h"
#include "daemon/orders/orders.h"
#include "daemon/watch/decision_ring.h"

/// `GET /explain`: what is known of a request. Pure.
namespace larder {

/// Of one scope, and one stored answer in it or none.
struct ExplainedScope {
  ScopeLabel label;
  Reason scope_reason = Reason::none;  ///< none: only the store knows the scope
  std::optional<ListedObject> object;  ///< without one, nothing is stored
  KeyOutlook outlook;                  ///< of its key
  std::vector<Decision> decisions;     ///< the last ones of the URL in the scope, the latest first
};

struct Explanation {
  static constexpr std::size_t kMostDecisions = 8;  ///< of each scope
  static constexpr std::size_t kMostScopes = 64;

  ExplainQuestion question;
  ExplainedRequest request;          ///< of a question by URL
  std::optional<Decision> decision;  ///< of a question by request id
  std::vector<ExplainedScope> scopes;
  bool more = false;  ///< there are more than kMostScopes
  WallTime now;
  std::string error;  ///< what kept it from being looked up; "" = nothing
};

/// Puts together what a question is to be answered by: the places of its request and what is listed
/// of it. Each of `scopes` gets its outlook's key, host and credential.
void gather_scopes(Explanation& explanation, UrlListing listing);

/// Nothing is stored, remembered or decided without looking into the store.
bool knows_nothing(const Explanation& explanation);

/// JSON. No token, and of a URL only what canonical forms have.
std::string explain_json(const Explanation& explanation);

}  // namespace larder
