// SPDX-License-Identifier: Apache-2.0
#include "daemon/command_table.h"

#include <CLI/CLI.hpp>

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

TEST_CASE("command table: it has every command and option, one line each", "[command line]") {
  CLI::App app{"tool: does things", "tool"};
  std::string place, word;
  std::vector<std::string> branches;
  bool hard = false;
  app.add_option("--socket", place, "Where\nit listens")->capture_default_str();
  auto* purge = app.add_subcommand("purge", "Purge it");
  purge->add_flag("--hard,-f", hard, "At once");
  purge->add_option("--branch", branches, "Only this one")->expected(1, 9);
  purge->add_option("--secret", word, "Not for everybody")->group("");
  purge->add_subcommand("url", "One URL")->add_option("url", word, "The URL");

  const std::string table = larder::command_table(app);
  for (const char* line : {
           "command\t\ttool: does things\n",
           "command\tpurge\tPurge it\n",
           "option\tpurge\t-f,--hard\t\t\tAt once\n",
           "option\tpurge\t--branch\tTEXT...\t\tOnly this one\n",
           "command\tpurge url\tOne URL\n",
           "option\tpurge url\turl\tTEXT\t\tThe URL\n",
       }) {
    CAPTURE(line, table);
    CHECK(table.find(line) != std::string::npos);
  }
  CHECK(table.find("\tWhere it listens\n") != std::string::npos);
  CHECK(table.find("secret") == std::string::npos);
}
