// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cache/body/chunk.h"
#include "conf/settings.h"
#include "daemon/admin/admin_sources.h"

namespace larder {

/// A whole HTTP answer; where there is a `body`, that is behind its head.
struct AdminText {
  std::string text;
  Chunk body = {};
};
/// Called once, on any thread.
using AdminReply = std::function<void(AdminText)>;

/// `GET /get` and `GET /list`. Returns what is wrong with the query, or "": then `reply` gets the
/// answer. On the admin's loop; `sources.held` outlives the answer.
std::string ask_get(std::string_view query, const SettingsPtr& settings,
                    const AdminSources& sources, AdminReply reply);
std::string ask_list(std::string_view query, const AdminSources& sources, AdminReply reply);

}  // namespace larder
