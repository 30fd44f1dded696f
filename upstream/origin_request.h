// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cache/request/canonical.h"
#include "cache/request/classify.h"
#include "cache/scope/scope.h"
#include "conf/config.h"
#include "upstream/stack_budget.h"

/// The request that an origin gets: a fixed template filled with allow-listed values, never the
/// client's bytes. X-User-Agent, by which the vendor counts SDKs, names larder: it is not in the
/// key, so what a client writes there must not change the answer. Pure.
namespace larder {

struct OriginRequest {
  std::string host;                  ///< base URL, the bound of connections and queue goes by it
  std::string url;                   ///< whole
  std::vector<std::string> headers;  ///< `name: value`, may hold tokens: never printed
  Representation coding = Representation::identity;  ///< asked for by one of them
  StackId stack = 0;                                 ///< whose budget it takes from; 0 = nobody's
};

/// For Route::cached and Route::pass with known scope: GET of the canonical request. `forwarded`
/// (keyed) comes from the canonical request; `unkeyed` = `name: value` lines of the operator's
/// unkeyed list, taken from the client, and loop_line().
OriginRequest delivery_request(const CanonicalRequest& canonical, const Scope& scope,
                               std::string_view access_token,
                               const std::vector<std::string>& unkeyed);

/// For Route::pass: as above, with path and query as the client wrote them (escapes that were
/// legal stay, anything else is escaped), and the timeline selectors.
OriginRequest pass_request(const RequestFields& fields, const Scope& scope);

/// For Route::preview: path and query as the client wrote them; api key, tokens, hash, selectors,
/// branch, environment and variants as sent.
OriginRequest preview_request(const RequestFields& fields, std::string_view preview_host);

/// The headers of a request that bear these names (the operator's), as `name: value` lines.
std::vector<std::string> header_lines(const RequestView& request,
                                      const std::vector<std::string>& names);

/// `CDN-Loop: ...` (RFC 8586): the larders through which the request came, and this one. Names of
/// others do not travel on: any client could make an origin's own loop detection refuse by them
/// what others ask for too.
std::string loop_line(const RequestView& request, const ServerConfig& server);

}  // namespace larder
