// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "cache/store/store.h"
#include "daemon/events/digest.h"

namespace larder {

/// Which publishings have been purged, so that the same one, told once more in another way (by a
/// webhook, by sync), purges nothing again.
///
/// A publishing is known by what both ways say of it: stack, environment and branch, the uid, its
/// content type and locale, the version, and the time that the CMS has written into it. Whoever
/// tells that time tells it after the publishing, and its purge came later still. So no fill that
/// began behind that purge can have been answered with what was there before the publishing; nor
/// before an older change, which is why nothing in between is hidden. Of a change without such a
/// time (what was unpublished, deleted, or is a schema) nothing proves that two tidings mean the
/// same: it is never held for known.
///
/// Bounded: where there are too many the oldest are forgotten, and would be purged again. Any
/// thread.
class AppliedEvents {
 public:
  using Marks = std::vector<Sha256>;

  explicit AppliedEvents(std::size_t most = 16'384) : most_(most) {}

  /// Takes those changes out of `order` that were purged in all places that it names: how many.
  std::size_t take_out(PurgeOrder& order) const;
  /// What to remember of `order` when it is durable.
  static Marks marks_of(const PurgeOrder& order);
  void remember(const Marks& marks);
  std::size_t size() const;

 private:
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::unordered_set<Sha256, Sha256Hash> known_;
  std::deque<Sha256> order_;  ///< the oldest first
};

}  // namespace larder
