// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

namespace larder {

/// A piece of a body, immutable once shared. Passed between the origin's thread, the workers and
/// the store's writer without copying.
using Chunk = std::shared_ptr<const std::string>;

}  // namespace larder
