// SPDX-License-Identifier: Apache-2.0
#include "cache/store/restored_store.h"

#include <algorithm>
#include <string>
#include <utility>

#include "cache/store/epoch_rows.h"
#include "cache/store/scopes.h"
#include "cache/tags/place.h"
#include "conf/base/whole_number.h"

// The mark is kept as the position of a feed that nobody follows, so that it goes with the purge
// that it stands for, both or neither.

namespace larder {
namespace {

constexpr const char* kMark = "restored";

}  // namespace

void mark_as_restored(WriteTxn& txn, WallTime taken) {
  write_position(txn, kMark, std::to_string(taken.ms));
}

std::optional<WallTime> restored_from(const Environment& environment) {
  const auto mark = load_position(environment, kMark);
  if (!mark || mark->empty()) return std::nullopt;
  return WallTime{whole_number<std::int64_t>(*mark).value_or(0)};
}

FeedPosition no_mark() {
  return {kMark, ""};
}

Result<std::vector<std::uint64_t>> places_without(const Environment& environment,
                                                  const std::vector<std::uint64_t>& known) {
  ScopeUses uses(1);
  ScopeBook scopes(1, uses);
  if (Result<void> done = scopes.load(environment); !done)
    return tl::unexpected<Error>(done.error());
  std::vector<std::uint64_t> places;
  for (const ScopeLabel& label : scopes.labels(scopes.size())) {
    const std::uint64_t place = place_of(label.api_key, label.environment, label.branch);
    const auto has = [place](const auto& list) {
      return std::find(list.begin(), list.end(), place) != list.end();
    };
    if (!has(known) && !has(places)) places.push_back(place);
  }
  return places;
}

PurgeOrder purge_of_untold(std::vector<std::uint64_t> places) {
  constexpr const char* kNobody = "-";  // no stack has it
  PurgeOrder order;
  order.what = PurgeOrder::What::scope;
  order.api_key = kNobody;
  order.environment = kNobody;
  order.branch = kNobody;
  order.filling = std::move(places);
  order.missed = true;
  return order;
}

}  // namespace larder
