// SPDX-License-Identifier: Apache-2.0
#include "daemon/command_line.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "conf/base/json_text.h"
#include "conf/nearest.h"
#include "daemon/command_table.h"

namespace larder {
namespace {

/// The app itself, then the command that was given, then the one below that.
std::vector<const CLI::App*> chain_of(const CLI::App& app) {
  std::vector<const CLI::App*> chain{&app};
  for (auto given = app.get_subcommands(); !given.empty();
       given = given.front()->get_subcommands()) {
    chain.push_back(given.front());
  }
  return chain;
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string with_nearest(const std::string& what, const std::string& word,
                         const std::vector<std::string>& names) {
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string_view nearest = nearest_name(word, views);
  return what + " " + json_quote(word) + "; " +
         (nearest.empty() ? "known are " + joined(names)
                          : "did you mean " + std::string(nearest) + "?");
}

/// `at` did not know `word`, which is the first such one.
std::string unknown_word(const std::vector<const CLI::App*>& chain, const CLI::App& at,
                         const std::string& word) {
  if (word.starts_with('-')) {
    const std::string name = word.substr(0, word.find('='));
    for (const CLI::App* above : chain) {
      if (above == &at) break;
      const auto names = options_of(*above);
      if (std::find(names.begin(), names.end(), name) == names.end()) continue;
      return name + " goes before the command " + at.get_name();
    }
    return with_nearest("unknown option", name, options_of(at));
  }
  const auto commands = commands_of(at);
  if (!commands.empty()) return with_nearest("unknown command", word, commands);
  return "unexpected " + json_quote(word) + "; options are " + joined(options_of(at));
}

std::string mistake_of(const CLI::App& app, const CLI::ParseError& error) {
  const auto chain = chain_of(app);
  for (const CLI::App* at : chain) {
    const auto left = at->remaining();
    if (!left.empty()) return unknown_word(chain, *at, left.front());
  }
  const auto commands = commands_of(*chain.back());
  if (!commands.empty() && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    return "a command is missing; known are " + joined(commands);
  }
  return error.what();
}

}  // namespace

std::optional<int> parse_command_line(CLI::App& app, int count, char** words) {
  if (count == 2 && std::string_view(words[1]) == "--command-table") {
    std::cout << command_table(app);
    return 0;
  }
  try {
    app.parse(count, words);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::string called;
    for (const CLI::App* one : chain_of(app)) called += one->get_name() + " ";
    std::cerr << app.get_name() << ": " << mistake_of(app, error) << "\n(" << called
              << "--help tells more)\n";
    return kExitUsage;
  }
}

}  // namespace larder
