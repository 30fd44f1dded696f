// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/object_json.h"

#include <span>

#include "conf/base/hex.h"
#include "conf/base/utc_text.h"
#include "daemon/admin/tags_answer.h"

namespace larder {

void append_label(JsonObject& json, const ScopeLabel& scope) {
  json.text("api_key", scope.api_key);
  json.text("environment", scope.environment);
  json.text("branch", scope.branch);
}

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

void append_objects(JsonObject& json, const UrlListing& listing, const AppendObject& append) {
  std::string& list = json.member("objects") += "[";
  for (const ListedObject& object : listing.objects) {
    if (list.back() != '[') list += ",";
    append(list, object);
  }
  list += "]";
  json.flag("more", listing.more);
}

std::string url_json(const PurgeOrder& order, const UrlListing& listing, std::string_view hint,
                     const AppendObject& append) {
  std::string out;
  {
    JsonObject json(out);
    json.text("path", order.path);
    json.text("query", order.query);
    append_objects(json, listing, append);
    json.text_if_any("error", hint);
  }
  return out + "\n";
}

std::string key_text(const CacheKey& key) {
  constexpr std::size_t kScopeOfKey = 16;
  return hex_text(std::span(key.bytes).subspan(kScopeOfKey, 8));
}

}  // namespace larder
