// SPDX-License-Identifier: Apache-2.0
#include "daemon/orders/orders.h"

#include "cache/tags/place.h"

namespace larder {

bool selects(const PurgeOrder& purge, const FillOrder& order) {
  if (purge.what == PurgeOrder::What::all) return true;
  const auto& scope = *order.scope;
  return purge.selects_scope(scope.api_key, scope.environment, scope.branch) &&
         purge.selects_url(order.request.path, order.request.query);
}

std::vector<std::uint64_t> branches_of(const PurgeOrder& purge) {
  if (purge.branch.empty()) return {};
  std::vector<std::uint64_t> branches{branch_place(purge.api_key, purge.branch)};
  for (const auto& alias : purge.aliases) branches.push_back(branch_place(purge.api_key, alias));
  return branches;
}

}  // namespace larder
