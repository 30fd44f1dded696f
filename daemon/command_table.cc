// SPDX-License-Identifier: Apache-2.0
#include "daemon/command_table.h"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace larder {
namespace {

std::string on_one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return text;
}

void add_option(const CLI::Option& option, const std::string& path, std::string& table) {
  if (option.get_group().empty()) return;  // hidden
  std::string value;
  if (option.get_expected_max() > 0) {
    value = option.get_type_name().empty() ? "VALUE" : option.get_type_name();
    if (option.get_expected_max() > 1) value += "...";
  }
  table += "option\t";
  table += path;
  table += '\t';
  table += option.get_name(false, true);
  table += '\t';
  table += on_one_line(value);
  table += '\t';
  table += on_one_line(option.get_default_str());
  table += '\t';
  table += on_one_line(option.get_description());
  table += '\n';
}

void add_command(const CLI::App& app, const std::string& path, std::string& table) {
  table += "command\t";
  table += path;
  table += '\t';
  table += on_one_line(app.get_description());
  table += '\n';
  for (const CLI::Option* option : app.get_options()) add_option(*option, path, table);
  for (const CLI::App* below : app.get_subcommands({})) {
    std::string name = path;
    if (!name.empty()) name += ' ';
    name += below->get_name();
    add_command(*below, name, table);
  }
}

}  // namespace

std::string command_table(const CLI::App& app) {
  std::string table;
  add_command(app, "", table);
  return table;
}

}  // namespace larder
