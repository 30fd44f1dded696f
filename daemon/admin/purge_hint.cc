// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/purge_hint.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "conf/nearest.h"

namespace larder {
namespace {

struct Part {
  const char* name;
  const std::string& wanted;
  std::string KnownScope::*member;
};

std::string unknown(const Part& part, const std::vector<KnownScope>& known) {
  std::vector<std::string_view> names;
  names.reserve(known.size());
  for (const KnownScope& scope : known) names.push_back(scope.*part.member);
  std::string text = std::string("no scope here has the ") + part.name + " \"" + part.wanted + "\"";
  const std::string_view nearest = nearest_name(part.wanted, names);
  if (!nearest.empty()) text.append("; the nearest is \"").append(nearest).append("\"");
  return text;
}

}  // namespace

std::vector<KnownScope> configured_scopes(const Config& config) {
  std::vector<KnownScope> known;
  for (const StackConfig& stack : config.stacks) {
    for (const ScopeConfig& scope : stack.scopes) {
      if (scope.branches.empty()) known.push_back({stack.api_key, scope.environment, {}});
      for (const std::string& branch : scope.branches) {
        known.push_back({stack.api_key, scope.environment, branch});
      }
    }
  }
  return known;
}

std::vector<KnownScope> scopes_to_name(const Config& config,
                                       const std::vector<ScopeLabel>& stored) {
  std::vector<KnownScope> known = configured_scopes(config);
  for (const ScopeLabel& label : stored) {
    known.push_back({label.api_key, label.environment, label.branch});
  }
  return known;
}

std::string purge_hint(const PurgeOrder& order, std::vector<KnownScope> known) {
  for (const Part& part : {Part{"api_key", order.api_key, &KnownScope::api_key},
                           Part{"environment", order.environment, &KnownScope::environment},
                           Part{"branch", order.branch, &KnownScope::branch}}) {
    if (part.wanted.empty()) continue;
    std::vector<KnownScope> fitting;
    std::copy_if(known.begin(), known.end(), std::back_inserter(fitting),
                 [&](const KnownScope& scope) {
                   const std::string& has = scope.*part.member;
                   return has.empty() || has == part.wanted;
                 });
    if (fitting.empty()) return unknown(part, known);
    known = std::move(fitting);
  }
  if (order.what == PurgeOrder::What::url && order.query.empty()) {
    return "nothing of it is stored; a URL that ends before its query was cut by the shell at & or "
           "?: put it in single quotes";
  }
  return "nothing of it is stored";
}

}  // namespace larder
