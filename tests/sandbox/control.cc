// SPDX-License-Identifier: Apache-2.0
// The control server. Bodies of requests and answers are JSON; a problem is 400 with {"error"}.
//
//   GET  /counts            {"delivery": {...}, "preview": {...}}: requests, in_progress,
//                           max_in_progress, aborted (ended by the client or cut by a rule),
//                           connections_opened, connections_open, max_connections_open, paths,
//                           body_bytes (before a rule changes them); ?paths=no: without paths
//   POST /reset             counts, remembered requests, rules and barriers; not the content
//   GET  /requests          the last requests: number, host, method, target, headers
//   POST /requests/clear
//   POST /publish           {stack, env, branch, ct, uid, locale?, fields?} -> the new body
//   POST /unpublish         {stack, env, branch, ct, uid, locale?} -> {"unpublished": bool}
//   POST /delete            {stack, branch, ct, uid}: in all environments and locales
//   POST /schema            {stack, env, branch, ct} -> {"edited": bool}: its schema is edited
//   POST /forget_sync       tokens of the Sync API of before are error 141
//   POST /sync              {lose?, repeat?, reverse?, delay_ms?}: what goes wrong with sync items,
//                           see event_log.h
//   POST /alias             {stack, alias, branch}
//   POST /list_order        {newest_first}: whether lists begin with what was edited last
//   POST /edge              {lag_ms?, cache_buster?}: of the CDN in front, see edge.h
//   GET  /edge              how many answers came late
//   POST /webhook           where publish, unpublish, delete and alias are told, see webhooks.h
//   POST /event             any event, sent as it is
//   GET  /webhook           what was sent, and how it was answered
//   GET  /webhook/key       {"signing-key": PEM}
//   POST /webhook/sign      {body: TEXT} -> {"headers": [[name, value], ...]} that prove it
//   POST /sizes             {UID: BYTES, ...}: lengths of entries of the content type `sized`, see
//                           sized.h -> {"sizes": how many are known}
//   POST /fault             a rule, see faults.h -> {"id"}
//   GET  /faults            the rules with how often each was met
//   DELETE /faults          all rules; DELETE /faults/ID one. Requests at work keep theirs.
//   POST /hold              {name, ...}: a rule whose `hold` is `name`
//   GET  /held?name=NAME    {"held": requests waiting there}; without name those of all barriers
//   POST /release           {name, count?, keep?}: lets all (or the first `count`) go on, and takes
//                           the rules of that barrier out unless `keep` or `count` is given
//   POST /down              {host?, reset?}: closes port and connections of the host, default
//                           delivery; reset = by RST
//   POST /up                {host?}: the same port again
//   GET  /healthz
//
// `stack` is "A", "B" or an api key; `env` and `branch` default to production and main; `ct` is a
// content type, `sys_assets` for an asset.
#include <array>
#include <ctime>
#include <limits>
#include <stdexcept>

#include "tests/sandbox/server.h"

namespace sandbox {
namespace {

Host host_of(const Json& order) {
  const std::string name = order.value("host", "delivery");
  if (name == "delivery") return Host::delivery;
  if (name == "preview") return Host::preview;
  throw std::invalid_argument("no such host: " + name);
}

/// Of the real clock, unlike the times in bodies: 2020-04-03T11:20:28.312Z
std::string now_text() {
  timespec now{};
  std::timespec_get(&now, TIME_UTC);
  std::tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  std::array<char, 40> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.", &parts);
  return std::string(text.data(), size) +
         std::to_string(1'000 + now.tv_nsec / 1'000'000).substr(1) + "Z";
}

Script json_answer(int status, const Json& body, const HttpRequest& request) {
  Script script;
  script.body = std::make_shared<const std::string>(
      body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  script.head = status_line(status) + "Content-Type: application/json\r\n";
  finish_head(script.head, request, script.body->size(), false);
  script.close_after = !request.keep_alive;
  return script;
}

}  // namespace

Space& Sandbox::space_of(const Json& order) {
  const std::string stack = api_.content().stack_letter(order.value("stack", "A"));
  const std::string branch = api_.content().branch(stack, order.value("branch", "main"));
  Space* space = api_.content().space(stack, order.value("env", "production"), branch);
  if (space == nullptr) throw std::invalid_argument("no such stack, environment or branch");
  return *space;
}

void Sandbox::on_change() {
  api_.forget_rendered();
  edge_.on_change();
}

Json Sandbox::publish(const Json& order) {
  const std::string locale = order.value("locale", std::string(kMasterLocale));
  Json body = space_of(order).publish(order.at("ct"), order.at("uid"), locale,
                                      order.value("fields", Json::object()));
  on_change();
  webhooks_.emit(event_of("publish", space_of(order), order, body));
  return body;
}

Json Sandbox::unpublish(const Json& order) {
  const std::string locale = order.value("locale", std::string(kMasterLocale));
  const bool done = space_of(order).unpublish(order.at("ct"), order.at("uid"), locale);
  on_change();
  if (done) webhooks_.emit(event_of("unpublish", space_of(order), order));
  return {{"unpublished", done}};
}

Json Sandbox::remove(const Json& order) {
  Json of_environment = order;
  bool done = false;
  for (const char* environment : {"production", "staging"}) {
    of_environment["env"] = environment;
    Space& space = space_of(of_environment);
    done = space.remove(order.at("ct"), order.at("uid")) || done;
  }
  on_change();
  if (done) webhooks_.emit(event_of("delete", space_of(order), order));
  return {{"deleted", done}};
}

/// As the CMS tells it. A deletion names no environment. `body`: what is published.
Json Sandbox::event_of(const std::string& event, const Space& space, const Json& order,
                       const Json& body) {
  const std::string uid = order.at("uid"), type = order.at("ct");
  const std::string locale = order.value("locale", std::string(kMasterLocale));
  Json data = {{"locale", locale}, {"action", event}, {"status", "success"}};
  const bool asset = type == kAssetType;
  Json& item = data[asset ? "asset" : "entry"] = {{"uid", uid}, {"locale", locale}};
  if (body.contains("publish_details")) {
    if (!asset) item = body;
    item["_version"] = body["_version"];
    item["publish_details"] = body["publish_details"];
    if (asset) item["publish_details"] = Json::array({body["publish_details"]});
  }
  if (!asset) data["content_type"] = {{"uid", type}};
  if (event != "delete") {
    data["environment"] = {{"name", space.environment()}, {"uid", space.environment_uid()}};
  }
  data["branch"] = {{"uid", space.branch()},
                    {"alias", api_.content().aliases(space.stack(), space.branch())}};
  return {{"module", asset ? "asset" : "entry"},
          {"api_key", space.api_key()},
          {"event", event},
          {"triggered_at", now_text()},
          {"data", data}};
}

Json Sandbox::edit_schema(const Json& order) {
  const bool done = space_of(order).edit_schema(order.at("ct"));
  on_change();
  return {{"edited", done}};
}

Json Sandbox::assign_alias(const Json& order) {
  const std::string stack = api_.content().stack_letter(order.value("stack", "A"));
  const std::string branch = api_.content().branch(stack, order.at("branch"));
  if (branch.empty()) throw std::invalid_argument("no such stack or branch");
  api_.content().assign_alias(stack, order.at("alias"), branch);
  on_change();
  webhooks_.emit({{"module", "branch_alias"},
                  {"api_key", api_.content().space(stack, "production", branch)->api_key()},
                  {"event", "assigned"},
                  {"triggered_at", now_text()},
                  {"data", {{"branch_alias", {{"alias", order.at("alias")}, {"uid", branch}}}}}});
  return Json::object();
}

Json Sandbox::set_list_order(const Json& order) {
  api_.content().list_newest_first(order.at("newest_first"));
  edge_.on_change();
  return Json::object();
}

Json Sandbox::set_sizes(const Json& order) {
  for (const auto& [uid, bytes] : order.items()) api_.sizes().set(uid, bytes.get<std::size_t>());
  edge_.on_change();
  return {{"sizes", api_.sizes().count()}};
}

Json Sandbox::held(const std::string& barrier) const {
  std::size_t waiting = 0;
  for (const auto& [name, connections] : held_) {
    if (barrier.empty() || name == barrier) waiting += connections.size();
  }
  return {{"held", waiting}};
}

Json Sandbox::dispatch(const HttpRequest& request, const Json& order) {
  const std::string what = std::string(request.method) + " " + std::string(request.path());
  constexpr std::string_view one_fault = "DELETE /faults/";
  if (what == "GET /healthz") return Json::object();
  if (what == "GET /counts") {
    return recorder_.counts(Params(request.query()).text("paths") != "no");
  }
  if (what == "GET /requests") return {{"requests", recorder_.requests()}};
  if (what == "GET /faults") return {{"faults", faults_.describe()}};
  if (what == "GET /held") return held(Params(request.query()).text("name"));
  if (what == "POST /publish") return publish(order);
  if (what == "POST /unpublish") return unpublish(order);
  if (what == "POST /delete") return remove(order);
  if (what == "GET /edge") return edge_.describe();
  if (what == "GET /webhook") return webhooks_.describe();
  if (what == "GET /webhook/key") return {{"signing-key", webhooks_.public_key()}};
  if (what == "POST /webhook/sign") return {{"headers", webhooks_.proofs(order.at("body"))}};
  if (what == "POST /schema") return edit_schema(order);
  if (what == "POST /alias") return assign_alias(order);
  if (what == "POST /list_order") return set_list_order(order);
  if (what == "POST /sizes") return set_sizes(order);
  if (what == "POST /fault") return {{"id", faults_.add(order)}};
  if (what == "POST /hold") {
    Json rule = order;
    rule["hold"] = order.at("name");
    return {{"id", faults_.add(rule)}};
  }
  if (what == "POST /release") {
    const std::string barrier = order.at("name");
    const bool some = order.contains("count");
    if (!some && !order.value("keep", false)) faults_.remove_barrier(barrier);
    const std::size_t most =
        some ? order["count"].get<std::size_t>() : std::numeric_limits<std::size_t>::max();
    return {{"released", release(barrier, most)}};
  }
  if (what == "POST /forget_sync") {
    api_.content().forget_sync_tokens();
    on_change();
  } else if (what == "POST /reset") {
    faults_.clear();
    for (auto& [barrier, waiting] : held_) release(barrier, waiting.size());
    recorder_.reset_counts();
    recorder_.forget_requests();
  } else if (what == "POST /requests/clear") {
    recorder_.forget_requests();
  } else if (what == "DELETE /faults") {
    faults_.clear();
  } else if (what.starts_with(one_fault)) {
    if (!faults_.remove(std::stoull(what.substr(one_fault.size())))) {
      throw std::invalid_argument("no such rule");
    }
  } else if (what == "POST /edge") {
    edge_.configure(order);
  } else if (what == "POST /sync") {
    api_.content().trouble_sync(order);
    on_change();
  } else if (what == "POST /webhook") {
    webhooks_.configure(order);
  } else if (what == "POST /event") {
    webhooks_.emit(order);
  } else if (what == "POST /down") {
    down(host_of(order), order.value("reset", false));
  } else if (what == "POST /up") {
    up(host_of(order));
  } else {
    throw std::invalid_argument("no such order: " + what);
  }
  return Json::object();
}

Script Sandbox::control(const HttpRequest& request) {
  try {
    const Json order =
        request.body.empty() ? Json::object() : Json::parse(request.body, nullptr, true);
    return json_answer(200, dispatch(request, order), request);
  } catch (const std::exception& problem) {
    return json_answer(400, {{"error", problem.what()}}, request);
  }
}

}  // namespace sandbox
