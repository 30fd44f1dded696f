// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "cache/store/store.h"
#include "cache/store/url_listing.h"
#include "conf/config.h"

/// `GET /get?url=...`: the heads of what is stored of a URL; with `object` and `piece` one piece of
/// the body of one of them. Pure.
namespace larder {

struct GetQuestion {
  PurgeOrder order;  ///< the URL and its scopes
  /// Of the object that is meant, and of its body; nothing = the heads of all are.
  struct Piece {
    std::uint64_t object = 0;  ///< ListedObject::sequence
    std::uint32_t index = 0;
  };
  std::optional<Piece> piece;
};

/// Or what is wrong, for who has asked.
std::variant<GetQuestion, std::string> parse_get_query(std::string_view query,
                                                       const Config& config);

/// `{"path":..,"query":..,"objects":[..],"more":false}`; with `hint` also `"error"`. What looks
/// like a token does not show.
std::string get_json(const PurgeOrder& order, const UrlListing& listing, std::string_view hint,
                     WallTime now);

}  // namespace larder
