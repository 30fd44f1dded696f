// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "cache/request/request.h"

namespace larder {

/// Whole HTTP answers of the admin server, after which it closes. `more`: further header lines.
std::string admin_answer(int status, std::string_view type, std::string_view body,
                         std::string_view more = {});
/// Of one whose body of `length` octets comes behind it.
std::string admin_head(int status, std::string_view type, std::size_t length,
                       std::string_view more = {});
std::string admin_error(int status, std::string_view text);
std::string admin_wrong_method(std::string_view allowed, std::string_view text);
std::string admin_unauthorised();
/// The metrics (Exposition's text), by the request's Accept fields as OpenMetrics or as they are.
std::string metrics_answer(const RequestView& request, const std::string& text);
/// The status page.
std::string page_answer();

}  // namespace larder
