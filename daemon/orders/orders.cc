// SPDX-License-Identifier: Apache-2.0
#include "daemon/orders/orders.h"

namespace larder {

bool selects(const PurgeOrder& purge, const FillOrder& order) {
  if (purge.what == PurgeOrder::What::all) return true;
  const auto& scope = *order.scope;
  return purge.selects_scope(scope.api_key, scope.environment, scope.branch) &&
         purge.selects_url(order.request.path, order.request.query);
}

}  // namespace larder
