// SPDX-License-Identifier: Apache-2.0
#include "daemon/service_commands.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include "conf/config_file.h"
#include "daemon/command_line.h"
#include "daemon/service_text.h"
#include "upstream/control_client.h"

namespace larder {
namespace {

constexpr std::chrono::milliseconds kLookAgain{100};

int complain(const std::string& text) {
  std::cerr << "larderctl: " << text << '\n';
  return kExitFailure;
}

int reload(const ControlSide& side, bool json) {
  const auto answer = ask_daemon(side.socket, "POST", "/reload", side.timeout_s);
  if (!answer) return complain(answer.error().context);
  const bool holds = answer->status == 200;
  const auto text = reload_text(answer->body);
  (holds ? std::cout : std::cerr) << (json || !text ? answer->body : *text);
  return holds ? 0 : kExitFailure;
}

/// Has it ended, as far as this system's /proc knows? It closes its admin socket shortly before.
bool is_gone(std::uint64_t process) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(stat, text);  // `123 (larderd) S ...`
  return text.find(" (larderd) ") == std::string::npos ||
         text.find(" (larderd) Z") != std::string::npos;
}

/// Watches the daemon until it has ended, or another one answers in its place.
int watch_drain(const ControlSide& side, const DrainBegun& begun, bool json) {
  std::ostream silent(nullptr);
  std::ostream& out = json ? silent : std::cout;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(side.timeout_s);
  std::string state = begun.state;
  for (; std::chrono::steady_clock::now() < until; std::this_thread::sleep_for(kLookAgain)) {
    const auto answer = ask_daemon(side.socket, "GET", "/status", side.timeout_s);
    if (!answer && answer.error().code == Error::Code::unavailable && is_gone(begun.process)) {
      out << "ended\n";
      return 0;
    }
    const std::string now = answer ? drain_state(answer->body).value_or(state) : state;
    if (now == "serving") {
      out << "ended, and another one serves\n";
      return 0;
    }
    if (now == state) continue;
    state = now;
    out << drain_step_text(state) << std::endl;
  }
  return complain("larderd drains still after " + std::to_string(side.timeout_s) +
                  " s; server.drain_timeout bounds how long it may");
}

int drain(const ControlSide& side, bool waits, bool json) {
  const auto answer = ask_daemon(side.socket, "POST", "/drain", side.timeout_s);
  if (!answer) return complain(answer.error().context);
  if (answer->status != 200) {
    std::cerr << answer->body;
    return kExitFailure;
  }
  const auto begun = drain_text(answer->body);
  if (!begun) return complain("the daemon's answer is none to drain");
  std::cout << (json ? answer->body : begun->text + "\n") << std::flush;
  return waits ? watch_drain(side, *begun, json) : 0;
}

int check_config(const std::string& file, bool json) {
  const ConfigReport report = check_config_file(file);
  if (json) {
    std::cout << config_report_json(report.ok, report.text);
    return report.ok ? 0 : kExitFailure;
  }
  (report.ok ? std::cout : std::cerr) << report.text;
  return report.ok ? 0 : kExitFailure;
}

void add_reload(CLI::App& app, const ControlSide& side, ControlAction& action) {
  auto* command = app.add_subcommand(
      "reload",
      "Have larderd read its configuration again, as SIGHUP does, and say what has changed. "
      "Returns when the new settings hold in every thread; prints each mistake with file and line, "
      "and exits with 1, where the running settings stay. For root and larderd's own user");
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "JSON");
  command->footer(
      "Examples:\n"
      "  larderctl check-config && larderctl reload\n"
      "  larderctl reload --json | jq .needs_restart");
  command->callback(
      [&side, &action, json] { action = [&side, json] { return reload(side, *json); }; });
}

void add_drain(CLI::App& app, const ControlSide& side, ControlAction& action) {
  auto* command = app.add_subcommand(
      "drain",
      "End larderd gracefully, as SIGTERM does, and say how far it is: /healthz says 503, "
      "answers under way are finished (server.drain_timeout), listeners are closed, the process "
      "ends. Returns when it has ended. For root and larderd's own user");
  const auto waits = std::make_shared<bool>(true);
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "JSON, when it has begun; no more words then");
  command->add_flag_callback(
      "--no-wait", [waits] { *waits = false; }, "Return when the drain has begun");
  command->footer(
      "Examples:\n"
      "  larderctl drain                  until it has ended, 60 s at most\n"
      "  larderctl --timeout 300 drain    wait for longer\n"
      "  larderctl drain --no-wait        only begin it");
  command->callback([&side, &action, waits, json] {
    action = [&side, waits, json] { return drain(side, *waits, *json); };
  });
}

void add_check_config(CLI::App& app, ControlAction& action) {
  auto* command = app.add_subcommand(
      "check-config",
      "Check a configuration file, as larderd --check does, and print every mistake with its "
      "line; no larderd needs to run");
  const auto file = std::make_shared<std::string>("/etc/larder/larder.toml");
  command->add_option("file", *file, "The configuration file")->capture_default_str();
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "JSON: whether it is right, and what is told, line by line");
  command->footer(
      "Examples:\n"
      "  larderctl check-config\n"
      "  larderctl check-config ./larder.toml");
  command->callback(
      [&action, file, json] { action = [file, json] { return check_config(*file, *json); }; });
}

}  // namespace

void add_service_commands(CLI::App& app, const ControlSide& side, ControlAction& action) {
  add_reload(app, side, action);
  add_drain(app, side, action);
  add_check_config(app, action);
}

}  // namespace larder
