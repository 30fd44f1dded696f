// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "cache/store/object.h"
#include "cache/tags/publishing.h"
#include "daemon/fetch/fill_owner.h"

namespace larder {

/// What an answer says of how old it is.
struct AnswerAge {
  std::optional<WallTime> made_after;  ///< by its `Age`: made_after()
  std::span<const Publishing> shown;   ///< when what it shows was published
  WallTime now;
};

/// The number of the last purge of which the answer can know: `object.epoch`, which held when it
/// was asked for, unless it is older than a change, by its age or by what it shows. Then it counts
/// as asked for before the purge for that change.
std::uint64_t shown_epoch(const FillSurroundings& around, const Fill& fill,
                          const ObjectHead& object, const AnswerAge& age);

}  // namespace larder
