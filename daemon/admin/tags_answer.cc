// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/tags_answer.h"

#include <utility>

#include "conf/base/json_text.h"
#include "conf/base/redact.h"
#include "conf/base/utc_text.h"
#include "daemon/admin/purge_request.h"

namespace larder {
namespace {

void append_text(std::string& out, const char* name, std::string_view value) {
  if (out.back() != '{') out += ",";
  out.append("\"").append(name).append("\":");
  append_json_string(out, redact(value));
}

void append_number(std::string& out, const char* name, std::uint64_t value) {
  out.append(",\"").append(name).append("\":").append(std::to_string(value));
}

/// What else than the URL is in the key.
void append_variant(std::string& out, const ListedObject& object) {
  const bool gzip = object.representation == Representation::gzip;
  append_text(out, "coding", gzip ? "gzip" : "identity");
  if (!object.variants.empty()) append_text(out, "variants", object.variants);
  if (!object.early_access.empty()) append_text(out, "early_access", object.early_access);
  if (!object.forwarded.empty()) append_text(out, "headers", object.forwarded);
}

std::string object_json(const ListedObject& object) {
  std::string out = "{";
  append_text(out, "api_key", object.scope.api_key);
  append_text(out, "environment", object.scope.environment);
  append_text(out, "branch", object.scope.branch);
  append_variant(out, object);
  append_number(out, "status", static_cast<std::uint64_t>(object.status));
  append_text(out, "state", state_of(object));
  out.append(",\"purged\":").append(object.purged ? "true" : "false");
  append_text(out, "stored", utc_text(object.stored));
  if (object.freshness == Freshness::fresh) {
    append_text(out, "fresh_until", utc_text(object.fresh_until));
  }
  append_number(out, "bytes", object.body_bytes);
  append_number(out, "epoch", object.epoch);
  out += ",\"tags\":[";
  for (const std::string& tag : object.tags) {
    if (out.back() != '[') out += ",";
    append_json_string(out, redact(tag));
  }
  out += "]";
  append_number(out, "unnamed_tags", object.unnamed_tags);
  return out + "}";
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
  std::string out = "{";
  append_text(out, "path", order.path);
  append_text(out, "query", order.query);
  out += ",\"objects\":[";
  for (const ListedObject& object : listing.objects) {
    if (out.back() != '[') out += ",";
    out += object_json(object);
  }
  out.append("],\"more\":").append(listing.more ? "true" : "false");
  if (!hint.empty()) append_text(out, "error", hint);
  return out + "}\n";
}

}  // namespace larder
