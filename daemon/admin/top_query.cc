// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/top_query.h"

#include <algorithm>

#include "conf/base/whole_number.h"

namespace larder {
namespace {

bool read_limit(std::string_view text, std::size_t& limit) {
  limit = whole_number<std::size_t>(text).value_or(0);
  return limit >= 1 && limit <= 1'000;
}

}  // namespace

std::optional<TopQuery> parse_top_query(std::string_view query) {
  TopQuery asked;
  bool has_by = false, has_limit = false;
  while (!query.empty()) {
    const std::string_view field = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), field.size() + 1));
    if (field.starts_with("by=") && !has_by) {
      const auto by = top_by(field.substr(3));
      if (!by) return std::nullopt;
      asked.by = *by;
      has_by = true;
    } else if (field.starts_with("limit=") && !has_limit) {
      if (!read_limit(field.substr(6), asked.limit)) return std::nullopt;
      has_limit = true;
    } else {
      return std::nullopt;
    }
  }
  return asked;
}

}  // namespace larder
