// SPDX-License-Identifier: Apache-2.0
#include "daemon/orders/orders.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "cache/tags/place.h"

namespace larder {

bool selects(const PurgeOrder& purge, const FillOrder& order) {
  if (purge.what == PurgeOrder::What::all) return true;
  const auto& scope = *order.scope;
  return purge.selects_scope(scope.api_key, scope.environment, scope.branch) &&
         purge.selects_url(order.request.path, order.request.query);
}

void forget_trace(FillOrder& order) {
  std::erase_if(order.unkeyed,
                [](std::string_view line) { return line.starts_with("traceparent:"); });
}

void set_times(PurgeOrder& purge, std::int64_t ahead_ms, WallTime now) {
  if (purge.happened.ms > 0) purge.happened.ms += ahead_ms;
  purge.happened = purge.happened.ms > 0 ? std::min(purge.happened, now) : now;
  if (purge.changed.ms > 0) purge.changed.ms += ahead_ms;
  purge.changed = std::min(purge.changed, now);
}

std::vector<std::uint64_t> branches_of(const PurgeOrder& purge) {
  if (purge.branch.empty()) return {};
  std::vector<std::uint64_t> branches{branch_place(purge.api_key, purge.branch)};
  for (const auto& alias : purge.aliases) branches.push_back(branch_place(purge.api_key, alias));
  return branches;
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
