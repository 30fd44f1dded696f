// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace larder {

/// Where a fill is. Legal moves:
///
///     requested --> held_back --> passing --> over
///         |------> keeping --------^ |          ^
///         |----------|-----|---------'          |
///         |          |     '--> committing -----|
///         '----------'--------------------------'   (and from held_back)
enum class FillState : std::uint8_t {
  requested,   ///< no head yet
  held_back,   ///< perhaps a rejection: nobody is told before the body is whole
  keeping,     ///< shared, and kept until its end shows whether it may be stored
  passing,     ///< handed on and not kept: waits for its slowest reader
  committing,  ///< complete and handed to the store: served from here until the commit
  over,
};

bool is_legal(FillState from, FillState to);
const char* name_of(FillState state);

}  // namespace larder
