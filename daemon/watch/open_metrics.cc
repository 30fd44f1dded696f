// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/open_metrics.h"

#include <algorithm>

#include "conf/base/octets.h"

namespace larder {
namespace {

std::string_view cut(std::string_view& text, char at) {
  const auto end = std::min(text.find(at), text.size());
  const auto part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// In thousandths; RFC 9110 section 12.4.2. 0 for what is no weight.
int weight_of(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return 0;
  if (text[0] == '1') return 1'000;
  int weight = 0;
  int unit = 100;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return 0;
    weight += (c - '0') * unit;
    unit /= 10;
  }
  return weight;
}

/// `larder_x_bytes` -> `bytes`; "" where the name tells none.
std::string_view unit_of(std::string_view family) {
  for (const std::string_view unit : {"seconds", "bytes"}) {
    if (family.size() > unit.size() + 1 && family.ends_with(unit) &&
        family[family.size() - unit.size() - 1] == '_') {
      return unit;
    }
  }
  return {};
}

/// `le="5"` -> `le="5.0"`, by the canonical form of numbers.
std::string with_fraction(std::string_view sample) {
  constexpr std::string_view kBound = "le=\"";
  std::string out(sample);
  const auto at = out.find(kBound);
  if (at == std::string::npos || out.find("_bucket{") == std::string::npos) return out;
  const auto end = out.find('"', at + kBound.size());
  const auto bound = std::string_view(out).substr(at + kBound.size(), end - at - kBound.size());
  if (bound.find_first_not_of("0123456789") == std::string_view::npos) out.insert(end, ".0");
  return out;
}

}  // namespace

bool wants_open_metrics(std::string_view accept) {
  int open = 0;
  int plain = 0;
  while (!accept.empty()) {
    std::string_view range = cut(accept, ',');
    const auto type = trimmed(cut(range, ';'));
    int weight = 1'000;
    while (!range.empty()) {
      const auto parameter = trimmed(cut(range, ';'));
      if (parameter.starts_with("q=") || parameter.starts_with("Q=")) {
        weight = weight_of(parameter.substr(2));
      }
    }
    if (equals_ignoring_case(type, "application/openmetrics-text")) open = std::max(open, weight);
    if (equals_ignoring_case(type, "text/plain")) plain = std::max(plain, weight);
  }
  return open > 0 && open >= plain;
}

std::string open_metrics_text(std::string_view prometheus) {
  constexpr std::string_view kHelp = "# HELP ";
  constexpr std::string_view kType = "# TYPE ";
  constexpr std::string_view kTotal = "_total";
  std::string out;
  std::string_view help;
  while (!prometheus.empty()) {
    const auto line = cut(prometheus, '\n');
    if (line.starts_with(kHelp)) {
      help = line.substr(kHelp.size());
      cut(help, ' ');
    } else if (line.starts_with(kType)) {
      auto type = line.substr(kType.size());
      auto family = cut(type, ' ');
      if (type == "counter" && family.ends_with(kTotal)) family.remove_suffix(kTotal.size());
      out.append(kType).append(family).append(" ").append(type).append("\n");
      const auto unit = unit_of(family);
      if (!unit.empty()) out.append("# UNIT ").append(family).append(" ").append(unit).append("\n");
      out.append(kHelp).append(family).append(" ").append(help).append("\n");
    } else {
      out.append(with_fraction(line)).append("\n");
    }
  }
  return out + "# EOF\n";
}

}  // namespace larder
