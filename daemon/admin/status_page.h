// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace larder {

/// The status page, one HTML document that needs nothing else: made at build time of the files in
/// daemon/admin/page (embed.py there). It holds no figures, it asks for /status and /events.
std::string_view status_page();
/// The value of its Content-Security-Policy: only this style and this script, by their hashes, and
/// requests to where the page came from.
std::string_view status_page_policy();

}  // namespace larder
