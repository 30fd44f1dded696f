// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "cache/store/store.h"
#include "cache/store/url_listing.h"
#include "daemon/admin/json_object.h"

/// Members that the answers about stored objects have in common. Pure.
namespace larder {

/// "api_key", "environment" and "branch".
void append_label(JsonObject& json, const ScopeLabel& scope);

/// What else than scope and URL is in the key: coding, variants ...
void append_variant(JsonObject& json, const ListedObject& object);

/// "state", "status", "stored", age and what is left of each lifetime in seconds of larder's clock.
void append_lifetime(JsonObject& json, const ListedObject& object, WallTime now);

using AppendObject = std::function<void(std::string& out, const ListedObject& object)>;
/// "objects" and "more".
void append_objects(JsonObject& json, const UrlListing& listing, const AppendObject& append);

/// `{"path":..,"query":..,"objects":[..],"more":false}` of a URL; with `hint` also `"error"`.
std::string url_json(const PurgeOrder& order, const UrlListing& listing, std::string_view hint,
                     const AppendObject& append);

/// Of the URL part of a key, as in the access log: sixteen hex digits.
std::string key_text(const CacheKey& key);

}  // namespace larder
