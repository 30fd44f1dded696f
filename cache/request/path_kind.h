// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "cache/request/kind.h"

/// The paths of the Content Delivery API. Escapes of unreserved octets count as decoded.
namespace larder {

/// True for `/v3` and what lies below it.
bool is_below_v3(std::string_view path);

/// The kind of a path that the API documents, or nothing.
std::optional<Kind> kind_of_path(std::string_view path);

}  // namespace larder
