// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/purge_answer.h"

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "conf/base/json_text.h"
#include "conf/base/redact.h"
#include "daemon/admin/admin_text.h"
#include "daemon/admin/purge_hint.h"

namespace larder {
namespace {

/// By scope label: which token asked is not told.
std::string touched_json(const std::vector<PurgeResult::Touched>& touched) {
  std::map<std::array<std::string, 3>, std::uint64_t> by_label;
  for (const auto& [scope, objects] : touched) {
    by_label[{scope.api_key, scope.environment, scope.branch}] += objects;
  }
  std::string out = "[";
  for (const auto& [label, objects] : by_label) {
    if (out.size() > 1) out += ",";
    out.append("{\"api_key\":").append(json_quote(label[0]));
    out.append(",\"environment\":").append(json_quote(label[1]));
    out.append(",\"branch\":").append(json_quote(label[2]));
    out.append(",\"objects\":").append(std::to_string(objects)).append("}");
  }
  return out + "]";
}

}  // namespace

std::string purge_answer(const PurgeOrder& order, const PurgeResult& result, const Config& config) {
  const bool dry = order.dry_run;
  if (result.error) {
    return admin_error(500, (dry ? "not counted: " : "not purged: ") + result.error->context);
  }
  if (!dry && !order.counts && order.raises_epochs()) {
    return admin_answer(200, "application/json",
                        "{\"purged\":null,\"fills\":" + std::to_string(result.fills) + "}\n");
  }
  std::string body = dry ? "{\"dry_run\":true,\"would_purge\":" : "{\"purged\":";
  body.append(std::to_string(result.objects));
  if (!dry) body.append(",\"fills\":").append(std::to_string(result.fills));
  body.append(",\"scopes\":").append(touched_json(result.touched));
  const bool found = result.objects + result.fills > 0;
  if (found || order.what == PurgeOrder::What::all) {
    return admin_answer(200, "application/json", body + "}\n");
  }
  const std::string hint = purge_hint(order, scopes_to_name(config, result.scopes));
  return admin_answer(404, "application/json",
                      body + ",\"error\":" + json_quote(redact(hint)) + "}\n");
}

}  // namespace larder
