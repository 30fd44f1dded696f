// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/explain_answer.h"

#include <algorithm>
#include <utility>

#include "conf/base/hex.h"
#include "conf/base/utc_text.h"
#include "daemon/admin/json_object.h"
#include "daemon/admin/next_answer.h"
#include "daemon/admin/object_json.h"
#include "daemon/admin/why_words.h"

namespace larder {
namespace {

std::string scope_text(const CacheKey& key) {
  return hex_text(std::span(key.bytes).first(4));
}

void append_decision(std::string& out, const Decision& decision) {
  JsonObject json(out);
  json.text("time", utc_text(decision.time));
  json.text("request_id", decision.id.text());
  json.number("status", decision.status);
  json.text("outcome", name_of(decision.outcome));
  json.text("reason", name_of(decision.reason));
  json.text("detail", *decision.detail == '\0' ? "-" : decision.detail);
  if (decision.key != CacheKey{}) {
    json.text("scope", scope_text(decision.key));
    json.text("key", key_text(decision.key));
  }
  json.text("line", why_line(name_of(decision.outcome), decision.reason, decision.detail));
}

void append_stored(std::string& out, const ListedObject& object, WallTime now) {
  JsonObject json(out);
  append_lifetime(json, object, now);
  json.number("epoch", static_cast<std::int64_t>(object.epoch));
  json.flag("purged", object.purged);
  json.number("bytes", static_cast<std::int64_t>(object.body_bytes));
  json.texts("tags", object.tags);
  json.number("unnamed_tags", static_cast<std::int64_t>(object.unnamed_tags));
}

/// The word of what the origin's last answer came to.
std::string_view last_detail_of(const std::vector<Decision>& decisions) {
  for (const Decision& decision : decisions) {
    const std::string_view detail = decision.detail;
    if (detail == "stored" || words_for_detail(detail).starts_with("the answer was not stored")) {
      return detail;
    }
  }
  return {};
}

bool was_stored(const std::vector<Decision>& decisions) {
  return std::any_of(decisions.begin(), decisions.end(), [](const Decision& decision) {
    return decision.outcome == Outcome::hit || decision.outcome == Outcome::stale ||
           std::string_view(decision.detail) == "stored";
  });
}

NextAnswer next_of(const ExplainedScope& scope, WallTime now) {
  NextFacts facts;
  if (scope.object && scope.object->freshness) facts.lifetime = scope.object->lifetime;
  facts.purged = scope.object && scope.object->purged;
  facts.outlook = scope.outlook;
  facts.last_detail = last_detail_of(scope.decisions);
  facts.was_stored = was_stored(scope.decisions);
  return next_answer(facts, now);
}

const char* name_of(KeyOutlook::Mark mark) {
  switch (mark) {
    case KeyOutlook::Mark::none:
      return "none";
    case KeyOutlook::Mark::lasting:
      return "lasting";
    case KeyOutlook::Mark::refusal:
      return "refusal";
    case KeyOutlook::Mark::brief:
      return "brief";
  }
  return "?";
}

void append_outlook(std::string& out, const KeyOutlook& outlook) {
  JsonObject json(out);
  json.text("host", outlook.host);
  json.text("state", outlook.host_state);
  json.number("failures_in_a_row", static_cast<std::int64_t>(outlook.failures_in_a_row));
  json.text_if_any("last_error", outlook.last_error);
  json.text("trouble", outlook.trouble ? name_of(*outlook.trouble) : "none");
  json.text("hit_for_miss", name_of(outlook.mark));
  json.flag("fence_pauses", outlook.paused);
  json.flag("past_caches", outlook.passes_caches);
  json.flag("on_its_way", outlook.filling);
}

void append_scope(std::string& out, const ExplainedScope& scope, WallTime now) {
  JsonObject json(out);
  append_label(json, scope.label);
  if (scope.scope_reason != Reason::none) json.text("scope_reason", name_of(scope.scope_reason));
  json.text("scope", scope_text(scope.outlook.key));
  json.text("key", key_text(scope.outlook.key));
  if (scope.object) {
    append_variant(json, *scope.object);
    append_stored(json.member("stored"), *scope.object, now);
  }
  append_outlook(json.member("origin"), scope.outlook);
  const NextAnswer next = next_of(scope, now);
  {
    JsonObject answer(json.member("next"));
    answer.text("outcome", name_of(next.outcome));
    answer.text("reason", name_of(next.reason));
    answer.text("detail", next.detail.empty() ? "-" : next.detail);
    answer.text("line", next.line);
  }
  std::string& list = json.member("decisions") += "[";
  for (const Decision& decision : scope.decisions) {
    if (list.back() != '[') list += ",";
    append_decision(list, decision);
  }
  list += "]";
}

/// Of a question by URL: what larder makes of the request before any lookup.
void append_request(JsonObject& json, const ExplainedRequest& request) {
  if (request.refusal) {
    json.text("route", "refused");
    json.text("reason", name_of(request.refusal->reason));
    json.number("status", request.refusal->status);
    json.text("line", why_line(name_of(Outcome::refused), request.refusal->reason, "") + ": " +
                          request.refusal->cause);
    return;
  }
  json.text("route", name_of(request.route));
  json.text("reason", name_of(request.route_reason));
  if (request.route != Route::cached) json.text("host", request.host);
  const auto outcome = request.route == Route::preview ? Outcome::preview : Outcome::pass;
  json.text("line", why_line(request.route == Route::cached ? "cached" : name_of(outcome),
                             request.route_reason, ""));
  if (request.route != Route::cached) return;
  json.text("path", request.path);
  json.text("query", request.query);
  json.texts("not_in_key", request.taken);
  json.flag("sorted", request.sorted);
}

bool shows(const ExplainedRequest& request, const ListedObject& object) {
  if (!request.exact) return true;
  return std::any_of(request.places.begin(), request.places.end(),
                     [&](const ExplainedPlace& place) {
                       return std::equal(place.key.bytes.begin(), place.key.bytes.begin() + 32,
                                         object.key.bytes.begin());
                     });
}

}  // namespace

void gather_scopes(Explanation& explanation, UrlListing listing) {
  const ExplainedRequest& request = explanation.request;
  std::vector<ExplainedScope>& scopes = explanation.scopes;
  if (listing.error) explanation.error = listing.error->context;
  explanation.more = listing.more;
  std::vector<bool> found(request.places.size(), false);
  for (ListedObject& object : listing.objects) {
    if (!shows(request, object)) continue;
    ExplainedScope scope;
    scope.label = object.scope;
    scope.outlook.key = object.key;
    scope.outlook.host = object.scope.delivery_host;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (request.places[i].scope->mac != object.scope.mac) continue;
      found[i] = true;
      scope.scope_reason = request.places[i].scope_reason;
      scope.outlook.credential = request.places[i].scope->credential;
    }
    scope.object = std::move(object);
    scopes.push_back(std::move(scope));
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i]) continue;
    const ExplainedPlace& place = request.places[i];
    ExplainedScope scope;
    scope.label = {place.scope->mac, place.scope->delivery_host, place.scope->api_key,
                   place.scope->environment, place.scope->branch};
    scope.scope_reason = place.scope_reason;
    scope.outlook.key = place.key;
    scope.outlook.host = place.scope->delivery_host;
    scope.outlook.credential = place.scope->credential;
    scopes.push_back(std::move(scope));
  }
  if (scopes.size() <= Explanation::kMostScopes) return;
  scopes.resize(Explanation::kMostScopes);
  explanation.more = true;
}

bool knows_nothing(const Explanation& explanation) {
  if (!explanation.question.request_id.empty()) return !explanation.decision;
  const ExplainedRequest& request = explanation.request;
  if (request.refusal || request.route != Route::cached) return false;
  return std::all_of(
      explanation.scopes.begin(), explanation.scopes.end(), [](const ExplainedScope& scope) {
        return !scope.object && scope.decisions.empty() &&
               scope.outlook.mark == KeyOutlook::Mark::none && !scope.outlook.filling;
      });
}

std::string explain_json(const Explanation& explanation) {
  std::string out;
  {
    JsonObject json(out);
    if (explanation.question.request_id.empty()) {
      append_request(json, explanation.request);
    } else {
      json.text("request_id", explanation.question.request_id);
      if (explanation.decision) append_decision(json.member("decision"), *explanation.decision);
      json.text_if_any("path", explanation.request.path);
      json.text_if_any("query", explanation.request.query);
    }
    std::string& list = json.member("scopes") += "[";
    for (const ExplainedScope& scope : explanation.scopes) {
      if (list.back() != '[') list += ",";
      append_scope(list, scope, explanation.now);
    }
    list += "]";
    json.flag("more", explanation.more);
    if (knows_nothing(explanation)) {
      json.text("error", explanation.question.request_id.empty()
                             ? "nothing is stored or remembered of it"
                             : "no request of this id is remembered (log.decisions)");
    }
  }
  return out + "\n";
}

}  // namespace larder
