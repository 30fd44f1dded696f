// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>

#include "conf/config.h"
#include "daemon/fetch/fill_owner.h"
#include "daemon/fetch/hit_for_miss.h"

namespace larder {

/// The keys whose answers could not be shared lately, each kind of reason with a time of its own.
class UnsharedKeys {
 public:
  explicit UnsharedKeys(const UpstreamConfig& config);

  /// For the marks to come.
  void use(const UpstreamConfig& config);
  void mark(const CacheKey& key, Unshareable why, MonotonicTime now);
  void unmark(const CacheKey& key);
  /// For a request that will follow the advice.
  HitForMiss::Advice advise(const CacheKey& key, MonotonicTime now);
  /// Without following any advice.
  std::optional<Unshareable> mark_of(const CacheKey& key, MonotonicTime now);
  void clear();

 private:
  HitForMiss& marks_of(Unshareable why) { return marks_.at(static_cast<std::size_t>(why)); }

  std::array<HitForMiss, 3> marks_;  ///< by Unshareable
};

}  // namespace larder
