// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "conf/base/log_health.h"
#include "daemon/listeners.h"

/// Parts of what `GET /status` says. Pure.
namespace larder {

/// `"name":value` behind what an object has so far.
void append_field(std::string& out, std::string_view name, std::uint64_t value);

std::string log_json(const LogStatus& log);
std::string address_list(const std::vector<Listeners::Address>& addresses);

}  // namespace larder
