// SPDX-License-Identifier: Apache-2.0
#include "daemon/bus/bus.h"

#include <random>
#include <utility>

#include "daemon/orders/orders.h"

namespace larder {
namespace {

constexpr Milliseconds kStopMs = 1'000;
constexpr const char* kOwes = "1";
constexpr const char* kOwesNothing = "0";

std::string drawn_node() {
  std::random_device random;
  std::string node;
  for (int i = 0; i < 4; ++i) node += (i > 0 ? "-" : "") + std::to_string(random());
  return node;
}

/// Whether there is something that the other nodes have not been told.
std::string debt_feed(const BusConfig& config) {
  return kBusDebtFeeds + config.stream;
}

std::optional<BusId> kept_position(const Store& store, const BusConfig& config) {
  const auto text = store.feed_position(bus_feed(config));
  return text ? parse_position(*text) : std::nullopt;
}

}  // namespace

Bus::Bus(const BusConfig& config, const Store& store, BusReader::Ways ways)
    : config_(config),
      ways_(std::move(ways)),
      node_(drawn_node()),
      outbox_(std::make_shared<BusOutbox>(node_)) {
  if (store.feed_position(debt_feed(config_)) == kOwes) outbox_->note_gap();
  reader_.emplace(config_, node_, kept_position(store, config_), report_, ways_);
  sender_.emplace(config_, *outbox_, report_, [this] {
    ways_.purge(purge_of_nothing({debt_feed(config_), kOwesNothing}), [](const PurgeResult&) {});
  });
}

void Bus::purge(PurgeOrder order, std::function<void(PurgeResult)> done) {
  if (!order.position) order.position = FeedPosition{debt_feed(config_), kOwes};
  BusFields entry = purge_entry(node_, order);
  outbox_->begin([&] {
    ways_.purge(std::move(order), [outbox = outbox_, entry = std::move(entry),
                                   done = std::move(done)](PurgeResult result) mutable {
      const bool failed = result.error.has_value();
      outbox->settle(failed ? std::nullopt : std::optional(std::move(entry)));
      done(std::move(result));
    });
  });
}

void Bus::stop() {
  if (!sender_) return;
  reader_->stop();
  outbox_->stop(kStopMs);
  sender_.reset();
}

}  // namespace larder
