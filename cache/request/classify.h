// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cache/http/representation.h"
#include "cache/request/kind.h"
#include "cache/request/request.h"
#include "conf/config.h"

/// What a request is and what of it counts. Pure: takes the parsed request, returns values.
namespace larder {

/// Where a request goes.
enum class Route : std::uint8_t {
  cached,     ///< delivery traffic of a known path: lookup, fill, store
  pass,       ///< to the delivery host, streamed, never stored, never looked up
  preview,    ///< to the preview host, streamed, never stored, never looked up
  preflight,  ///< OPTIONS: answered by larder itself
};

const char* name_of(Route route);

/// The fields of a request that have a meaning to larder, each at most once. Views into the
/// request or into the `Decoded` scratch; empty = absent or sent empty.
struct RequestFields {
  Route route = Route::pass;
  Reason reason = Reason::none;  ///< for the route
  Kind kind = Kind::entry;
  Representation representation = Representation::identity;
  std::string_view path;   ///< of the target, as received, without query
  std::string_view query;  ///< of the target, as received, without '?'
  std::string_view api_key;
  std::string_view access_token;
  std::string_view environment;  ///< from the query, else the header
  bool environment_in_query = false;
  std::string_view branch;  ///< "main" when absent
  std::string_view preview_token;
  std::string_view live_preview;  ///< as sent; header before query
  std::string_view release_id;
  std::string_view preview_timestamp;
  std::string_view authorization;
  std::string_view authtoken;
  std::string_view variant_uid;   ///< x-cs-variant-uid as sent
  std::string_view early_access;  ///< x-header-ea as sent
  std::string_view if_none_match;
};

/// Owns what had to be percent-decoded for `RequestFields`. Empty, it holds no memory; moved, it
/// takes along what views point to.
class Decoded {
 public:
  void clear() { texts_.clear(); }
  /// Percent-decodes ('+' = blank) into storage that stays put until `clear()`.
  std::string_view decode(std::string_view encoded);

 private:
  std::vector<std::unique_ptr<char[]>> texts_;
};

/// The rules of our own strict layer (safety of framing, host, target, fields), over what llhttp
/// has let through. Checks method, version, Host, body framing, Expect, target bytes and lengths,
/// duplicates of scope-defining and preview fields in headers and query (with `-`/`_` and case
/// variants), contradictions between header and query; then sorts the request into its route by
/// the table in ARCHITECTURE.md. `role` is that of the listener.
std::variant<RequestFields, Refusal> classify(const RequestView& request, const Config& config,
                                              ListenerConfig::Role role, Decoded& scratch);

}  // namespace larder
