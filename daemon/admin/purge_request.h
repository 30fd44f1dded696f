// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "cache/store/store.h"
#include "conf/config.h"

/// What larderctl and deploy scripts ask to be purged. Pure. Each function gives the order of a
/// purge, or what is wrong, for who has sent it. `config` classifies a URL.
namespace larder {

/// Of a query string: the names of parse_purge_body(), a flag as `1`; or `what=entry` and the like
/// with `content_type`, `uid` or `url`.
std::variant<PurgeOrder, std::string> parse_purge(std::string_view query, const Config& config);

/// Of a JSON object: one of `tag` (`KIND:NAME`), `entry` (`CONTENT_TYPE/UID`), `asset`,
/// `content_type`, `global_field`, `taxonomy`, `url`, `path_prefix`, `scope` and `all` (true); and
/// `api_key`, `environment`, `branch`, `hard`, `dry_run`.
std::variant<PurgeOrder, std::string> parse_purge_body(std::string_view json, const Config& config);

}  // namespace larder
