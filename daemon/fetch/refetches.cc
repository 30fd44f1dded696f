// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/refetches.h"

#include <algorithm>
#include <utility>

#include "cache/http/entity_tag.h"
#include "cache/http/freshness.h"
#include "conf/base/log.h"

namespace larder {
namespace {

constexpr int kTries = 16;  // to find a fresh object

}  // namespace

Refetches::Refetches(StoreReader& reader, OriginMetrics& metrics, const Config& config, Ways ways)
    : reader_(reader), metrics_(metrics), ways_(std::move(ways)) {
  use(config);
}

void Refetches::use(const Config& config) {
  warm_ = config.purge.warm;
  per_minute_ = config.audit.per_minute;
  requests_.clear();
  audit_.clear();
  to_warm_.clear();
}

void Refetches::note_answer(const FillOrder& order) {
  if (warm_ == 0 && per_minute_ == 0) return;
  requests_.note(order, [this](const FillOrder& other) { return uses_of(other); });
  reader_.end_turn();
}

std::uint32_t Refetches::uses_of(const FillOrder& order) {
  const auto found = reader_.lookup(order.key, order.canonical, order.scope->mac, ways_.wall());
  return found ? reader_.uses(found->slot) : 0;
}

bool Refetches::is_purged(const FillOrder& order) {
  const auto now = ways_.wall();
  const auto found = reader_.lookup(order.key, order.canonical, order.scope->mac, now);
  return found && found->purged && judge(found->meta.lifetime, now) != Freshness::fresh;
}

/// However many purges came since the last step, one walk over a bounded table finds what they hit.
void Refetches::find_most_used() {
  if (!purged_.exchange(false, std::memory_order_acquire) || warm_ == 0) return;
  reader_.end_turn();  // the snapshot must not be older than the purge
  std::vector<std::pair<std::uint32_t, CacheKey>> hit;
  for (const FillOrder& order : requests_.all()) {
    if (is_purged(order)) hit.emplace_back(uses_of(order), order.key);
  }
  const auto most = std::min(warm_, hit.size());
  std::partial_sort(hit.begin(), hit.begin() + static_cast<std::ptrdiff_t>(most), hit.end(),
                    [](const auto& a, const auto& b) { return b.first < a.first; });
  to_warm_.clear();
  for (std::size_t i = 0; i < most; ++i) to_warm_.push_back(hit[i].second);
}

/// What a visitor has had refreshed meanwhile needs nothing more; what may not start now may later.
void Refetches::warm() {
  bool goes_on = true;
  std::erase_if(to_warm_, [&](const CacheKey& key) {
    if (!goes_on) return false;
    const FillOrder* const order = requests_.find(key);
    if (order == nullptr || !is_purged(*order)) return true;
    if (!ways_.may_start(*order)) return false;
    goes_on = ways_.start(*order) != 0;
    if (goes_on) metrics_.warmed.add();
    return goes_on;
  });
}

void Refetches::audit_one() {
  for (int i = 0; i < kTries; ++i) {
    const FillOrder* const order = requests_.any();
    if (order == nullptr) return;
    const auto now = ways_.wall();
    const auto found = reader_.lookup(order->key, order->canonical, order->scope->mac, now);
    if (!found || judge(found->meta.lifetime, now) != Freshness::fresh) continue;
    if (audit_.suspects(order->key) || !ways_.may_start(*order)) continue;
    auto etag = format_entity_tag(found->meta.etag);
    FillOrder copy = *order;
    const auto fill = ways_.start(*order);
    if (fill != 0) audit_.begin(fill, std::move(copy), std::move(etag));
    return;
  }
}

void Refetches::note_end(std::uint64_t fill, const std::string& etag) {
  audit_.note_end(fill, etag, ways_.wall(), monotonic_now());
}

/// Its replacement was purged, or replaced in its turn: the event came, only later.
void Refetches::judge_suspects(MonotonicTime now) {
  for (const auto& suspect : audit_.take_due(now)) {
    const FillOrder& order = suspect.order;
    const auto found = reader_.lookup(order.key, order.canonical, order.scope->mac, ways_.wall());
    if (!found || found->purged || suspect.replaced < found->meta.lifetime.stored) continue;
    const auto words = audit_.note_differing(suspect, now);
    if (words) log(LogLevel::warning, "audit", *words);
  }
}

void Refetches::step(MonotonicTime now) {
  find_most_used();
  warm();
  if (audit_.is_due(per_minute_, now)) audit_one();
  judge_suspects(now);
  reader_.end_turn();
  const auto& counts = audit_.counts();
  metrics_.audit_checked.set(counts.checked);
  metrics_.audit_differing.set(counts.differing);
  metrics_.audit_failed.set(counts.failed);
}

}  // namespace larder
