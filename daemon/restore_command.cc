// SPDX-License-Identifier: Apache-2.0
#include "daemon/restore_command.h"

#include <iostream>

#include "cache/tags/place.h"
#include "conf/base/startup_error.h"
#include "conf/base/utc_text.h"
#include "conf/check_secret_source.h"
#include "conf/config_file.h"
#include "daemon/bus/bus.h"
#include "daemon/fetch/followers.h"

namespace larder {
namespace {

/// The service alone is given its credentials, and none is needed here.
Config config_without_secrets(const std::string& path) {
  if (path.empty()) return default_config();
  ParsedConfig parsed = read_config_file(path, CheckSecretSource{});
  if (parsed.mistakes.empty()) return std::move(parsed.config);
  std::string text = format_mistakes(path, parsed.mistakes);
  text.pop_back();
  throw StartupError(text);
}

std::string trust_text(const RestoreReport& report, bool revalidates) {
  if (report.clock_is_behind) {
    return "This machine's clock is behind the other's: all is asked for again before it is fresh";
  }
  if (report.is_of_this_node) {
    return "It is of the store that was here, whose purges since then are not known any more: all "
           "is asked for again before it is fresh";
  }
  if (revalidates) return "All is asked for again before it is fresh";
  if (report.purged_places > 0) {
    return "Scopes of which neither sync nor the bus tells what has changed since: " +
           std::to_string(report.purged_places) +
           "; their content is asked for again before it is fresh";
  }
  return "What has changed since, sync or the bus will tell at the start; of purges by other "
         "nodes' operators only the bus tells";
}

}  // namespace

RestoreOrder restore_order(const RestoreWish& wish, const Config& config, WallTime now) {
  RestoreOrder order;
  order.file = wish.file;
  order.directory = config.cache.path;
  order.map_bytes = config.cache.size;
  order.replaces = wish.replaces;
  order.now = now;
  // The other node tells the fleet itself what it has not told yet.
  order.dropped_feeds.emplace_back(kBusDebtFeeds);
  if (wish.revalidates) return order;
  order.trusts_others = !config.bus.address.empty();
  for (const FeedConfig& feed : feeds_of(config)) order.trusted.push_back(place_of(feed.name));
  return order;
}

void restore_from(const RestoreWish& wish) {
  const Config config = config_without_secrets(wish.config_file);
  const auto done = restore_snapshot(restore_order(wish, config, wall_now()));
  if (!done) throw StartupError(done.error().context);
  std::cout << config.cache.path << ": " << done->totals.objects << " objects as of "
            << utc_text(done->taken) << ". " << trust_text(*done, wish.revalidates) << '\n';
}

}  // namespace larder
