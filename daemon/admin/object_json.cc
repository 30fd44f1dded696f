// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/object_json.h"

#include <span>

#include "conf/base/hex.h"
#include "conf/base/utc_text.h"
#include "daemon/admin/tags_answer.h"

namespace larder {

void append_variant(JsonObject& json, const ListedObject& object) {
  json.text("coding", object.representation == Representation::gzip ? "gzip" : "identity");
  json.text_if_any("variants", object.variants);
  json.text_if_any("early_access", object.early_access);
  json.text_if_any("headers", object.forwarded);
}

void append_lifetime(JsonObject& json, const ListedObject& object, WallTime now) {
  const Lifetime& life = object.lifetime;
  const auto left = [now](WallTime until) { return (until.ms - now.ms) / 1'000; };
  json.text("state", state_of(object));
  json.number("status", object.status);
  json.text("stored", utc_text(life.stored));
  json.number("age_s", age_s(life, now));
  json.number("fresh_for_s", left(life.fresh_until));
  json.number("stale_for_s", left(life.revalidate_until));
  json.number("on_error_for_s", left(life.error_until));
}

std::string key_text(const CacheKey& key) {
  constexpr std::size_t kScopeOfKey = 16;
  return hex_text(std::span(key.bytes).subspan(kScopeOfKey, 8));
}

}  // namespace larder
