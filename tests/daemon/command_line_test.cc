// SPDX-License-Identifier: Apache-2.0
#include "daemon/command_line.h"

#include <CLI/CLI.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <iostream>
#include <sstream>
#include <vector>

using namespace larder;
using Catch::Matchers::ContainsSubstring;

namespace {

/// What is printed to `stream` while it lives.
class Capture {
 public:
  explicit Capture(std::ostream& stream) : stream_(stream), old_(stream.rdbuf(text_.rdbuf())) {}
  ~Capture() { stream_.rdbuf(old_); }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::ostream& stream_;
  std::streambuf* old_;
};

struct Outcome {
  std::optional<int> code;
  std::string printed, complained;
};

/// A program with options, commands, and commands below one.
Outcome outcome_of(std::vector<std::string> words) {
  CLI::App app{"tool: does things", "tool"};
  int seconds = 0;
  std::string colour, url;
  app.add_option("--timeout", seconds);
  app.add_option("--colour", colour)->check(CLI::IsMember({"red", "blue"}));
  app.set_version_flag("--version", std::string("tool 1"));
  app.require_subcommand(1);
  app.add_subcommand("status");
  CLI::App* purge = app.add_subcommand("purge");
  purge->require_subcommand(1);
  purge->add_subcommand("url")->add_option("url", url)->required();
  purge->add_subcommand("scope")->add_option("--environment", url);
  words.insert(words.begin(), "tool");
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  const Capture out(std::cout);
  const Capture error(std::cerr);
  const auto code = parse_command_line(app, static_cast<int>(pointers.size()), pointers.data());
  return {code, out.text(), error.text()};
}

}  // namespace

TEST_CASE("command line: right words go through", "[daemon]") {
  const auto words = GENERATE(values<std::vector<std::string>>({
      {"status"},
      {"--timeout", "3", "purge", "url", "/v3"},
      {"purge", "scope", "--environment=production"},
  }));
  const Outcome outcome = outcome_of(words);
  CHECK_FALSE(outcome.code.has_value());
  CHECK(outcome.complained.empty());
}

TEST_CASE("command line: what is wrong ends with 2, names the word and the nearest one",
          "[daemon]") {
  struct Case {
    std::vector<std::string> words;
    const char* says;
  };
  const auto c = GENERATE(values<Case>({
      {{"statsu"},
       "tool: unknown command \"statsu\"; did you mean status?\n(tool --help tells more)"},
      {{"purge", "ulr", "/v3"},
       "unknown command \"ulr\"; did you mean url?\n(tool purge --help tells more)"},
      {{"qqqqqq"}, "unknown command \"qqqqqq\"; known are status, purge"},
      {{}, "a command is missing; known are status, purge"},
      {{"purge"}, "a command is missing; known are url, scope"},
      {{"--timout", "3", "status"}, "unknown option \"--timout\"; did you mean --timeout?"},
      {{"purge", "scope", "--enviroment=x"},
       "unknown option \"--enviroment\"; did you mean --environment?"},
      {{"status", "--timeout", "3"}, "--timeout goes before the command status"},
      {{"status", "now"}, "unexpected \"now\""},
      {{"--timeout", "soon", "status"}, "--timeout"},
      {{"--colour", "green", "status"}, "green"},
      {{"purge", "url"}, "url is required"},
  }));
  DYNAMIC_SECTION(c.says) {
    const Outcome outcome = outcome_of(c.words);
    CHECK(outcome.code == kExitUsage);
    CHECK_THAT(outcome.complained, ContainsSubstring(c.says));
    CHECK(outcome.printed.empty());
  }
}

TEST_CASE("command line: help and version end with 0", "[daemon]") {
  CHECK(outcome_of({"--version"}).code == 0);
  CHECK(outcome_of({"--version"}).printed == "tool 1\n");
  const Outcome help = outcome_of({"purge", "--help"});
  CHECK(help.code == 0);
  CHECK_THAT(help.printed, ContainsSubstring("scope"));
}
