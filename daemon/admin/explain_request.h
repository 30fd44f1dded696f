// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cache/request/classify.h"
#include "cache/scope/key.h"
#include "cache/scope/scope.h"
#include "conf/config.h"

/// `GET /explain?...`: which request is meant, and what larder would make of it. Pure.
namespace larder {

/// Either `target` or `request_id`. What it holds may have tokens in it: it is never printed.
struct ExplainQuestion {
  std::string target;  ///< path and query of a URL
  std::string request_id;
  std::string api_key, environment, branch;  ///< "" = any
  /// What else the request has, as access_token or x-cs-variant-uid.
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Of a query with `url` or `request_id`, and `api_key`, `environment`, `branch`, `headers` (lines
/// `name: value`); or what is wrong, for who has asked.
std::variant<ExplainQuestion, std::string> parse_explain_query(std::string_view query);

/// A scope to which the request may belong, and its key there.
struct ExplainedPlace {
  std::shared_ptr<const Scope> scope;
  Reason scope_reason = Reason::none;
  CacheKey key;
};

/// What larder makes of a request of the question, up to where it would look into the store.
struct ExplainedRequest {
  std::optional<Refusal> refusal;  ///< then the rest is empty
  Route route = Route::pass;
  Reason route_reason = Reason::none;
  std::string host;                ///< that previews and passes go to
  std::string path, query;         ///< in canonical form, without any credential
  std::string environment;         ///< that the request itself names
  std::vector<std::string> taken;  ///< names of parameters that are not in the key
  bool sorted = false;             ///< the parameters are in another order than they came in
  /// The question has a token: it is about this request alone, else about all variants.
  bool exact = false;
  /// Of Route::cached. In open mode without a token none: whose they are only the store knows.
  std::vector<ExplainedPlace> places;
};

/// Without a token in the question: once for each scope of the stacks that it may mean, with a
/// token of the configuration.
ExplainedRequest explained_request(const ExplainQuestion& question, const Config& config,
                                   const InstallSecret& secret, const KeyHasher& hasher);

}  // namespace larder
