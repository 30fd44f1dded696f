// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "cache/scope/scope_table.h"

namespace larder {

/// Appends a length and the bytes, so that no two lists of parts give the same text.
void append_scope_part(std::string_view part, std::string& out);

/// HMAC over the use and the parts, each with its length.
ScopeMac scope_mac(const InstallSecret& secret, std::string_view use,
                   std::initializer_list<std::string_view> parts);

}  // namespace larder
