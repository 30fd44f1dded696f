// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The daemon's answers to orders that are about itself, JSON, as lines for a person. Control
/// characters do not go through. nullopt = it is no such JSON. Pure.
namespace larder {

/// Of `POST /reload`: what has changed, what needs a restart, or each mistake on a line.
std::optional<std::string> reload_text(std::string_view json);

/// `{"ok":...,"lines":[...]}` of what a check of the configuration told.
std::string config_report_json(bool ok, std::string_view text);

struct DrainBegun {
  std::uint64_t process = 0;
  std::string state;
  std::string text;  ///< one line
};
/// Of `POST /drain`.
std::optional<DrainBegun> drain_text(std::string_view json);

/// Of `GET /status`: the state of the drain, "serving" before there is one.
std::optional<std::string> drain_state(std::string_view json);
/// That state in words.
std::string drain_step_text(std::string_view state);

}  // namespace larder
