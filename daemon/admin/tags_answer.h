// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "cache/store/store.h"
#include "cache/store/url_listing.h"
#include "conf/config.h"

/// `GET /tags?url=...`: what is stored of a URL, and what each of these depends on. Pure.
namespace larder {

/// The URL as a purge would name it, in the scopes of `api_key`, `environment` and `branch`; or
/// what is wrong, for who has asked.
std::variant<PurgeOrder, std::string> parse_tags_query(std::string_view query,
                                                       const Config& config);

/// The same for another question about a URL; `form` says what that takes.
std::variant<PurgeOrder, std::string> parse_url_query(std::string_view query, const Config& config,
                                                      const char* form);

/// Of what is stored: "fresh", "stale" ..., and "unused" of what no lookup takes. Static.
const char* state_of(const ListedObject& object);

/// `{"path":..,"query":..,"objects":[..],"more":false}`; with `hint` also `"error"`. What looks
/// like a token does not show.
std::string tags_json(const PurgeOrder& order, const UrlListing& listing, std::string_view hint);

}  // namespace larder
