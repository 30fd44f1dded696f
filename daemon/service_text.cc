// SPDX-License-Identifier: Apache-2.0
#include "daemon/service_text.h"

#include <algorithm>
#include <utility>

#include "daemon/json_fields.h"
#include "daemon/printable.h"

namespace larder {
namespace {

using Json = nlohmann::json;

void append_lines(std::string& out, const Json& all, const char* name, const char* lead) {
  for (const Json& one : list_of(all, name)) {
    if (one.is_string()) out.append(lead).append(printable(one.get<std::string>())).append("\n");
  }
}

}  // namespace

std::optional<std::string> reload_text(std::string_view json) {
  const Json all = Json::parse(json, nullptr, false);
  if (!all.is_object()) return std::nullopt;
  const std::string result = text_of(all, "result");
  const std::string generation = std::to_string(number_of(all, "generation"));
  std::string certificates;
  append_lines(certificates, all, "certificates_renewed", "");
  append_lines(certificates, all, "certificates_kept", "");
  std::string out;
  append_lines(out, all, "mistakes", "");
  append_lines(out, all, "applied", "  ");
  append_lines(out, all, "needs_restart", "  needs a restart: ");
  if (result == "applied") {
    return "in force as generation " + generation + ":\n" + out + certificates;
  }
  if (result == "unchanged") {
    if (out.empty()) return certificates.empty() ? "nothing changed\n" : certificates;
    return "nothing changed that works without a restart\n" + out + certificates;
  }
  if (result == "failed") {
    return out + certificates + "the running configuration stays, generation " + generation + "\n";
  }
  if (result == "no file") {
    return "larderd runs without a configuration file (--config)\n" + certificates;
  }
  return std::nullopt;
}

std::string config_report_json(bool ok, std::string_view text) {
  Json lines = Json::array();
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(std::string(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  const Json report{{"ok", ok}, {"lines", std::move(lines)}};
  return report.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<DrainBegun> drain_text(std::string_view json) {
  const Json all = Json::parse(json, nullptr, false);
  if (!all.is_object()) return std::nullopt;
  DrainBegun begun;
  begun.state = text_of(all, "state");
  if (begun.state.empty()) return std::nullopt;
  begun.process = number_of(all, "pid");
  begun.text = "process " + std::to_string(begun.process) + ": " + drain_step_text(begun.state) +
               ", cut off in " + std::to_string((number_of(all, "cut_off_in_ms") + 999) / 1'000) +
               " s at most";
  return begun;
}

std::optional<std::string> drain_state(std::string_view json) {
  const Json all = Json::parse(json, nullptr, false);
  if (!all.is_object()) return std::nullopt;
  std::string state = text_of(all, "drain");
  if (state.empty()) return std::nullopt;
  return state;
}

std::string drain_step_text(std::string_view state) {
  if (state == "open") return "open: not ready any more, answers under way are finished";
  if (state == "leaving") return "leaving: listeners are closed, the last answers go out";
  if (state == "answering") return "answering: workers have ended, purges get their answer";
  if (state == "over") return "over: what is pending is stored";
  return printable(std::string(state));
}

}  // namespace larder
