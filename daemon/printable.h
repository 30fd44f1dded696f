// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace larder {

/// A text that goes to a terminal, each control character as `?`: those of U+0080 to U+009F too.
std::string printable(std::string text);

}  // namespace larder
