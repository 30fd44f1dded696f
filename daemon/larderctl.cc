// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "upstream/control_client.h"
#include "upstream/curl_library.h"

namespace {

struct Options {
  std::string socket = "/run/larder/admin.sock";
  long timeout_s = 60;
  std::string url;
  std::string api_key;
  std::string environment;
  std::vector<std::string> branches;
};

constexpr int kNothingFound = 3;

/// Prints the daemon's answer; the exit code says whether it was done.
int ask(const Options& options, const std::string& method, const std::string& target) {
  const auto answer = larder::ask_daemon(options.socket, method, target, options.timeout_s);
  if (!answer) {
    std::cerr << "larderctl: " << answer.error().context << '\n';
    return 2;
  }
  (answer->status == 200 ? std::cout : std::cerr) << answer->body;
  if (answer->status == 404 && method == "POST") return kNothingFound;
  return answer->status == 200 ? 0 : 1;
}

std::string purge_target(const Options& options, const std::string& what,
                         const std::string& branch) {
  std::string target = "/purge?what=" + what;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) target += std::string("&") + name + "=" + larder::query_value(value);
  };
  add("url", options.url);
  add("api_key", options.api_key);
  add("environment", options.environment);
  add("branch", branch);
  return target;
}

/// One purge for each branch; the first that fails ends it. It is enough that one finds something.
int purge(const Options& options, const std::string& what) {
  auto branches = options.branches;
  if (branches.empty()) branches.emplace_back();
  int result = kNothingFound;
  for (const auto& branch : branches) {
    const int code = ask(options, "POST", purge_target(options, what, branch));
    if (code == 0) result = 0;
    if (code != 0 && code != kNothingFound) return code;
  }
  return result;
}

void add_scope_options(CLI::App& command, Options& options) {
  command.add_option("--api-key", options.api_key, "Only the stack with this api key");
  command.add_option("--environment", options.environment, "Only this environment");
  command
      .add_option("--branch", options.branches,
                  "Only what clients asked for by this branch or alias (without one: main); may "
                  "be repeated. A branch does not take its aliases along: name them too")
      ->allow_extra_args(false);
}

}  // namespace

int main(int count, char** words) {
  CLI::App app{"larderctl: asks a running larderd, and purges what it has cached"};
  Options options;
  app.add_option("--socket", options.socket, "The daemon's admin.socket")->capture_default_str();
  app.add_option("--timeout", options.timeout_s, "Seconds to wait")->capture_default_str();
  app.set_version_flag("--version", std::string("larderctl " LARDER_VERSION));
  app.require_subcommand(1);
  int code = 0;
  app.add_subcommand("status", "What the daemon does, as JSON")->callback([&] {
    code = ask(options, "GET", "/status");
  });
  auto* purges = app.add_subcommand(
      "purge",
      "Remove cached answers; returns when none is served as fresh any more. Exit code 3: nothing "
      "was found");
  purges->require_subcommand(1);
  auto* url = purges->add_subcommand("url", "One URL, all its variants");
  url->add_option("url", options.url, "URL or path, with its query")->required();
  add_scope_options(*url, options);
  url->callback([&] { code = purge(options, "url"); });
  auto* scope = purges->add_subcommand("scope", "All of a stack, environment or branch");
  add_scope_options(*scope, options);
  scope->callback([&] { code = purge(options, "scope"); });
  purges->add_subcommand("all", "Everything")->callback([&] { code = purge(options, "all"); });
  larder::start_curl_library();
  CLI11_PARSE(app, count, words);
  return code;
}
