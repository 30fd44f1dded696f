// SPDX-License-Identifier: Apache-2.0
#include "daemon/control_options.h"

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "upstream/control_client.h"

namespace larder {

void add_forms(CLI::App& command, FormOptions& options) {
  auto* json = command.add_flag("--json", options.json, "JSON, on a terminal too");
  command.add_flag("--text", options.text, "Text, not on a terminal too")->excludes(json);
}

bool wants_json(const FormOptions& options) {
  return options.json || (!is_terminal() && !options.text);
}

bool is_terminal() {
  return ::isatty(STDOUT_FILENO) == 1;
}

void add_place_options(CLI::App& command, PlaceOptions& options, const char* of_branch) {
  command.add_option("--api-key", options.api_key, "Only the stack with this api key")
      ->check(not_empty());
  command.add_option("--environment", options.environment, "Only this environment")
      ->check(not_empty());
  command.add_option("--branch", options.branch, of_branch)->check(not_empty());
}

CLI::Validator not_empty() {
  return CLI::Validator(
      [](const std::string& text) {
        return text.empty() ? std::string("the value is empty; is a variable of the shell not set?")
                            : std::string();
      },
      "");
}

void add_field(std::string& query, const std::string& name, const std::string& value) {
  if (value.empty()) return;
  query.append(query.empty() ? "" : "&").append(name).append("=").append(query_value(value));
}

}  // namespace larder
