// SPDX-License-Identifier: Apache-2.0
#include "daemon/explain_text.h"

#include <cstdint>

#include "daemon/json_fields.h"
#include "daemon/printable.h"

namespace larder {
namespace {

using Json = nlohmann::json;

/// Of a list of texts.
std::string joined(const Json& in, const char* name) {
  std::string out;
  const auto found = in.find(name);
  if (found == in.end() || !found->is_array()) return out;
  for (const Json& one : *found) {
    if (!one.is_string()) continue;
    out.append(out.empty() ? "" : ", ").append(printable(one.get<std::string>()));
  }
  return out;
}

std::string part(const std::string& text) {
  return text.empty() ? "-" : text;
}

void append_line(std::string& out, const char* name, const std::string& value) {
  if (value.empty()) return;
  std::string label = name;
  label.resize(11, ' ');
  out.append("  ").append(label).append(value).append("\n");
}

void append_decision(std::string& out, const char* name, const Json& decision) {
  append_line(out, name,
              text_of(decision, "time") + "  " + std::to_string(signed_of(decision, "status")) +
                  "  " + text_of(decision, "request_id") + "  " + text_of(decision, "line"));
}

std::string left_text(std::int64_t seconds) {
  return seconds > 0 ? "for " + std::to_string(seconds) + " s" : "no more";
}

void append_stored(std::string& out, const Json& scope) {
  const auto found = scope.find("stored");
  if (found == scope.end() || !found->is_object()) return append_line(out, "stored", "nothing");
  const Json& stored = *found;
  const bool purged = is_set(stored, "purged");
  append_line(out, "stored",
              text_of(stored, "stored") + ", after purge " +
                  std::to_string(signed_of(stored, "epoch")) + ", " + text_of(scope, "coding") +
                  ", " + std::to_string(signed_of(stored, "bytes")) + " bytes" +
                  (purged ? ", purged since" : ""));
  if (text_of(stored, "state") == "unused") {
    return append_line(out, "", "purged hard, or damaged: not used any more");
  }
  append_line(out, "age",
              std::to_string(signed_of(stored, "age_s")) + " s; fresh " +
                  left_text(signed_of(stored, "fresh_for_s")) + ", while a refresh runs " +
                  left_text(signed_of(stored, "stale_for_s")) + ", while the origin fails " +
                  left_text(signed_of(stored, "on_error_for_s")));
  append_line(out, "tags", joined(stored, "tags"));
}

void append_origin(std::string& out, const Json& scope) {
  const auto found = scope.find("origin");
  if (found == scope.end() || !found->is_object()) return;
  const Json& origin = *found;
  std::string text = text_of(origin, "host");
  if (text.empty()) return;
  const std::string state = text_of(origin, "state");
  if (!state.empty()) text += state == "closed" ? ", well" : ", " + state;
  const std::int64_t failures = signed_of(origin, "failures_in_a_row");
  if (failures > 0) text += ", failures in a row: " + std::to_string(failures);
  const std::string trouble = text_of(origin, "trouble");
  if (trouble != "none") text += "; not asked now (" + trouble + ")";
  const std::string mark = text_of(origin, "hit_for_miss");
  if (mark != "none") text += "; hit-for-miss (" + mark + ")";
  if (is_set(origin, "fence_pauses")) text += "; refills pause, for the last was outdated";
  if (is_set(origin, "on_its_way")) text += "; an answer is on its way";
  append_line(out, "origin", text);
  append_line(out, "error", text_of(origin, "last_error"));
}

void append_scope(std::string& out, const Json& scope) {
  out.append("\n").append(part(text_of(scope, "api_key")));
  out.append(" / ").append(part(text_of(scope, "environment")));
  out.append(" / ").append(part(text_of(scope, "branch"))).append("\n");
  const auto next = scope.find("next");
  if (next != scope.end() && next->is_object()) append_line(out, "next", text_of(*next, "line"));
  append_line(out, "key", text_of(scope, "key") + " in scope " + text_of(scope, "scope"));
  append_line(out, "variants", text_of(scope, "variants"));
  append_line(out, "access", text_of(scope, "early_access"));
  append_line(out, "headers", text_of(scope, "headers"));
  append_stored(out, scope);
  append_origin(out, scope);
  const auto decisions = scope.find("decisions");
  if (decisions == scope.end() || !decisions->is_array()) return;
  const char* name = "before";
  for (const Json& decision : *decisions) {
    if (decision.is_object()) append_decision(out, name, decision);
    name = "";
  }
}

}  // namespace

std::optional<std::string> explain_text(std::string_view json) {
  const Json all = Json::parse(json, nullptr, false);
  if (!all.is_object()) return std::nullopt;
  const auto scopes = all.find("scopes");
  if (scopes == all.end() || !scopes->is_array()) return std::nullopt;
  std::string out;
  const std::string id = text_of(all, "request_id");
  if (!id.empty()) out.append("request ").append(id).append("\n");
  const auto decision = all.find("decision");
  if (decision != all.end() && decision->is_object()) append_decision(out, "was", *decision);
  const std::string path = text_of(all, "path");
  const std::string query = text_of(all, "query");
  if (!path.empty()) out.append(path).append(query.empty() ? "" : "?").append(query).append("\n");
  append_line(out, "route", text_of(all, "line"));
  append_line(out, "host", text_of(all, "host"));
  append_line(out, "not in key", joined(all, "not_in_key"));
  if (is_set(all, "sorted")) append_line(out, "query", "its parameters are sorted by name");
  for (const Json& scope : *scopes) {
    if (scope.is_object()) append_scope(out, scope);
  }
  if (is_set(all, "more")) out.append("\nThere are more: name a branch or an environment.\n");
  const std::string error = text_of(all, "error");
  if (!error.empty()) out.append("\n").append(error).append("\n");
  return out;
}

}  // namespace larder
