// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/tags_answer.h"

#include <utility>

#include "conf/base/utc_text.h"
#include "daemon/admin/object_json.h"
#include "daemon/admin/purge_request.h"

namespace larder {
namespace {

void append_object(std::string& out, const ListedObject& object) {
  JsonObject json(out);
  append_label(json, object.scope);
  append_variant(json, object);
  json.number("status", object.status);
  json.text("state", state_of(object));
  json.flag("purged", object.purged);
  json.text("stored", utc_text(object.stored));
  if (object.freshness == Freshness::fresh) json.text("fresh_until", utc_text(object.fresh_until));
  json.number("bytes", static_cast<std::int64_t>(object.body_bytes));
  json.number("epoch", static_cast<std::int64_t>(object.epoch));
  json.texts("tags", object.tags);
  json.number("unnamed_tags", static_cast<std::int64_t>(object.unnamed_tags));
}

}  // namespace

const char* state_of(const ListedObject& object) {
  if (!object.freshness) return "unused";
  switch (*object.freshness) {
    case Freshness::fresh:
      return "fresh";
    case Freshness::stale_revalidate:
      return "stale";
    case Freshness::stale_if_error:
      return "stale_if_error";
    case Freshness::expired:
      return "expired";
  }
  return "?";
}

std::variant<PurgeOrder, std::string> parse_tags_query(std::string_view query,
                                                       const Config& config) {
  return parse_url_query(query, config,
                         "tags takes url, and api_key, environment and branch to look there alone");
}

std::variant<PurgeOrder, std::string> parse_url_query(std::string_view query, const Config& config,
                                                      const char* form) {
  if (query.empty()) return form;
  auto order = parse_purge(query, config);
  if (std::holds_alternative<std::string>(order)) return order;
  const PurgeOrder& read = std::get<PurgeOrder>(order);
  if (read.what != PurgeOrder::What::url || read.hard || read.dry_run) return form;
  return order;
}

std::string tags_json(const PurgeOrder& order, const UrlListing& listing, std::string_view hint) {
  return url_json(order, listing, hint, append_object);
}

}  // namespace larder
