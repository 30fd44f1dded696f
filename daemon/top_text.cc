// SPDX-License-Identifier: Apache-2.0
#include "daemon/top_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include "daemon/json_fields.h"

namespace larder {
namespace {

using Json = nlohmann::json;

std::string formatted(const char* format, double number) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), format, number);
  return text.data();
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  return formatted("%.1f %%",
                   100 * static_cast<double>(std::min(part, whole)) / static_cast<double>(whole));
}

std::string time(std::uint64_t us) {
  const auto number = static_cast<double>(us);
  if (us < 1'000) return std::to_string(us) + " us";
  if (us < 1'000'000) return formatted("%.1f ms", number / 1e3);
  return formatted("%.1f s", number / 1e6);
}

std::string size(std::uint64_t bytes) {
  const auto number = static_cast<double>(bytes);
  if (bytes < 1'024) return std::to_string(bytes) + " B";
  if (bytes < 1'048'576) return formatted("%.1f KiB", number / 1024);
  return formatted("%.1f MiB", number / 1'048'576);
}

void append_right(std::string& out, const std::string& text, std::size_t width) {
  out.append(width - std::min(width, text.size()), ' ').append(text);
}

void append_row(std::string& out, const std::array<std::string, 5>& cells,
                const std::string& name) {
  for (const std::string& cell : cells) append_right(out, cell, 10);
  out.append("  ").append(name).append("\n");
}

void append_rows(std::string& out, const Json& rows, std::uint64_t samples, const char* title) {
  append_row(out, {"requests", "missed", "mean", "longest", "largest"}, title);
  for (const Json& row : rows) {
    if (!row.is_object()) continue;
    const std::string scope = text_of(row, "scope");
    const std::string url = text_of(row, "url");
    std::string name = url;
    if (!url.empty()) name.append("  ");
    name.append(scope.empty() ? "(no scope)" : scope);
    append_row(
        out,
        {percent(number_of(row, "samples"), samples),
         percent(number_of(row, "missed"), number_of(row, "seen")), time(number_of(row, "mean_us")),
         time(number_of(row, "longest_us")), size(number_of(row, "largest_bytes"))},
        name);
  }
}

}  // namespace

std::optional<std::string> top_text(std::string_view json) {
  const Json all = Json::parse(json, nullptr, false);
  if (!all.is_object() || !all.contains("urls") || !all["urls"].is_array()) return std::nullopt;
  const std::uint64_t samples = number_of(all, "samples");
  if (samples == 0) return "no request was seen lately\n";
  std::string out;
  append_rows(out, all["urls"], samples, "URL and scope");
  out += "\n";
  append_rows(out, all.value("scopes", Json::array()), samples, "scope");
  return out + "\nOf " + std::to_string(samples) +
         " requests that were looked at, the older ones by less.\n";
}

}  // namespace larder
