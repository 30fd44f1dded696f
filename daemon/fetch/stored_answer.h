// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "cache/body/held_bytes.h"
#include "cache/store/find_answer.h"
#include "daemon/orders/orders.h"

namespace larder {

/// All of a stored object, as the one event that a waiter gets. nullopt = there is no room for its
/// body in memory, or it went meanwhile. Ends the life of the views in `found`.
std::optional<AnswerEvent> stored_answer(StoreReader& reader, const AnswerView& found,
                                         Waiter waiter, const HeldBytes& held, WallTime now);

}  // namespace larder
