// SPDX-License-Identifier: Apache-2.0
#include "daemon/orders/orders.h"

#include <utility>

namespace larder {

bool selects(const PurgeOrder& purge, const FillOrder& order) {
  if (purge.what == PurgeOrder::What::all) return true;
  const auto& scope = *order.scope;
  return purge.selects_scope(scope.api_key, scope.environment, scope.branch) &&
         purge.selects_url(order.request.path, order.request.query);
}

PurgeOrder purge_of_nothing(FeedPosition position) {
  constexpr const char* kNobody = "-";  // no stack has it
  PurgeOrder order;
  order.what = PurgeOrder::What::change;
  order.api_key = kNobody;
  order.environment = kNobody;
  order.branch = kNobody;
  order.position = std::move(position);
  order.source = PurgeSource::bus;
  return order;
}

}  // namespace larder
