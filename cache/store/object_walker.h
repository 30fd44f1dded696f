// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cache/store/shared.h"
#include "cache/store/url_listing.h"
#include "cache/tags/tag.h"

namespace larder {

/// Lists what is stored in some scopes, or what of it carries a tag. Looks at the heads of all rows
/// there until it has enough: for a thread on which nobody waits. It reads some thousand rows by
/// one transaction, so that none holds up the reuse of pages for long.
class ObjectWalker {
 public:
  /// Octets of requests in one listing: some are as long as a target may be.
  static constexpr std::size_t kMostText = 1u << 20;

  struct Place {
    ScopeLabel scope;
    std::string prefix;  ///< of its rows' keys
  };
  struct Job {
    std::vector<Place> places;
    std::optional<Tag> tag;  ///< only what carries it
    std::size_t limit = 0;   ///< of objects
    WallTime now;
    UrlListing listing;  ///< gets `objects`, in the order of `places`
    std::function<void(UrlListing)> done;
  };

  /// `shared` outlives it. Where `stopping` is true, it is answered with what there is.
  ObjectWalker(StoreShared& shared, std::function<bool()> stopping)
      : shared_(shared), stopping_(std::move(stopping)) {}

  void run(Job& job);

 private:
  struct Found {
    ListedObject object;
    std::string canonical;
  };
  /// Of one place, from `position` on, which it moves. False = there is no more of it.
  Result<bool> walk_some(StoreReader& reader, const Job& job, const Place& place,
                         std::string& position);
  Result<void> walk(StoreReader& reader, const Job& job);
  /// False = there is no room for it.
  bool keep(const Job& job, Found found);

  StoreShared& shared_;
  const std::function<bool()> stopping_;
  std::vector<Found> found_;
  std::size_t text_ = 0;  ///< octets in found_
  bool more_ = false;
};

}  // namespace larder
