// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cache/store/url_listing.h"
#include "daemon/admin/json_object.h"

/// Members that the answers about stored objects have in common. Pure.
namespace larder {

/// What else than scope and URL is in the key: coding, variants ...
void append_variant(JsonObject& json, const ListedObject& object);

/// "state", "status", "stored", age and what is left of each lifetime in seconds of larder's clock.
void append_lifetime(JsonObject& json, const ListedObject& object, WallTime now);

/// Of the URL part of a key, as in the access log: sixteen hex digits.
std::string key_text(const CacheKey& key);

}  // namespace larder
