// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "cache/body/held_bytes.h"
#include "cache/store/snapshot.h"
#include "cache/store/store.h"
#include "cache/store/url_listing.h"
#include "daemon/admin/explain_answer.h"
#include "daemon/admin/explain_request.h"
#include "daemon/watch/top_requests.h"

namespace larder {

/// What came of an order to reload, for who gave it.
struct ReloadTold {
  bool kept = false;  ///< the configuration has mistakes, or there is none: nothing has changed
  std::string json;
};

/// What the admin interface shows and does; made by `main`, called on the admin's loop. Each `done`
/// is called once, on any thread.
struct AdminSources {
  using Listed = std::function<void(UrlListing)>;

  std::function<std::string()> metrics;  ///< Prometheus text
  std::function<std::string()> status;   ///< JSON
  std::function<void(PurgeOrder, std::function<void(PurgeResult)> done)> purge;
  std::function<std::string()> events;                       ///< JSON: the last purges
  std::function<void(PurgeOrder, Listed done)> list;         ///< what is stored of a URL
  std::function<void(PurgeOrder, Listed done)> heads;        ///< Store::list_heads()
  std::function<void(ObjectQuestion, Listed done)> objects;  ///< what is stored in scopes
  std::function<void(const ListedObject&, std::uint32_t index,
                     std::function<void(Result<std::string>)> done)>
      piece;  ///< of its body
  std::function<void(ExplainQuestion, std::function<void(Explanation)> done)> explain;
  std::function<std::string(TopBy, std::size_t)> top;  ///< JSON: what is hot; empty = it is off
  std::function<WallTime()> now;                       ///< on larder's clock
  std::function<void(std::function<void(ReloadTold)> done)> reload;
  std::function<std::string()> drain;  ///< begins it, if it has not begun; JSON: how it stands
  /// Begins a snapshot into the sink, which then takes so long at most, or says why not.
  std::function<Result<void>(std::shared_ptr<SnapshotSink>, Milliseconds)> snapshot;
  HeldBytes* held = nullptr;  ///< bodies on their way out are charged to its output
};

}  // namespace larder
