// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cache/store/shared.h"
#include "cache/store/url_listing.h"

namespace larder {

class TagNames;

/// Finds what is stored of one URL, and names the tags of it. Reads bodies, which may take a
/// second: for a thread on which nobody waits. It has no more than one row of a body in hand, and
/// no snapshot for longer than that takes.
class UrlLister {
 public:
  /// The rows of one scope that may be the URL's.
  struct Place {
    ScopeLabel scope;
    std::string prefix;  ///< of their keys
  };
  struct Job {
    std::vector<Place> places;
    std::string url;  ///< how canonical bytes of the URL begin
    WallTime now;
    ListDepth depth = ListDepth::tags;
    UrlListing listing;  ///< gets `objects`
    std::function<void(UrlListing)> done;
  };

  /// `shared` outlives it. Where `stopping` is true, the rest of a body is not read.
  UrlLister(StoreShared& shared, std::function<bool()> stopping)
      : shared_(shared), stopping_(std::move(stopping)) {}

  void run(Job& job);

 private:
  struct Found {
    CacheKey key;
    ListedObject object;
    std::string canonical;
    std::string tags;
  };
  Result<std::vector<Found>> find(StoreReader& reader, Job& job) const;
  void look(StoreReader& reader, Found& found, const Job& job);
  void read_names(StoreReader& reader, const CacheKey& key, const ObjectView& object,
                  TagNames& names);

  StoreShared& shared_;
  const std::function<bool()> stopping_;
  std::uint64_t text_left_ = UrlListing::kMostText;
};

}  // namespace larder
