// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "cache/store/store.h"
#include "cache/store/url_listing.h"

/// `GET /list?...`: what is stored in scopes, or carries a tag. Pure.
namespace larder {

/// Of a query with one or more of api_key, environment, branch and tag (KIND:NAME, as larderctl
/// tags shows it), and limit, 1 to 1,000; or what is wrong, for who has asked.
std::variant<ObjectQuestion, std::string> parse_list_query(std::string_view query);

/// `{"objects":[..],"more":false}`; where nothing was found also `"error"`. What looks like a token
/// does not show.
std::string list_json(const UrlListing& listing, WallTime now);

}  // namespace larder
