// SPDX-License-Identifier: Apache-2.0
#include "daemon/status_json.h"

#include "conf/base/json_text.h"

namespace larder {

void append_field(std::string& out, std::string_view name, std::uint64_t value) {
  if (out.back() != '{') out += ",";
  append_json_string(out, name);
  out += ":" + std::to_string(value);
}

std::string log_json(const LogStatus& log) {
  std::string out = "{\"lost\":" + std::to_string(log.lost);
  if (!log.trouble.empty()) out += ",\"trouble\":" + json_quote(log.trouble);
  return out + "}";
}

std::string address_list(const std::vector<Listeners::Address>& addresses) {
  std::string out = "[";
  for (const auto& address : addresses) {
    if (out.size() > 1) out += ",";
    out += "{\"address\":" + json_quote(address.name) + ",\"role\":" + json_quote(address.role);
    out += address.tls ? ",\"tls\":true}" : "}";
  }
  return out + "]";
}

}  // namespace larder
