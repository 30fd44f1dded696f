// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <new>
#include <string>
#include <system_error>
#include <vector>

#include "conf/base/fd.h"
#include "conf/base/log.h"
#include "conf/base/log_writer.h"
#include "conf/config_file.h"
#include "conf/config_redactor.h"
#include "conf/config_reference.h"
#include "daemon/command_line.h"
#include "daemon/restore_command.h"
#include "daemon/server.h"
#include "upstream/library_memory.h"

namespace {

struct Options {
  std::string config;
  std::string check;
  std::string ready_file;
};

/// A file that is opened while one of these is closed would take its number, and the log's lines.
void open_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) != -1) continue;
    [[maybe_unused]] const int opened = ::open("/dev/null", O_RDWR);  // takes the least number
  }
}

/// Tokens live in this process's memory: no core dump may carry them off, and no file made here is
/// anyone else's to read.
void close_off_process() {
  prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  umask(0077);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its limit is an error to handle, not an end
  std::signal(SIGHUP, SIG_IGN);   // until it is watched: a start may take a while
  std::signal(SIGUSR1, SIG_IGN);
}

/// The file appears whole or not at all.
void write_ready_file(const std::string& path, const std::string& text) {
  const std::string partial = path + ".partial";
  larder::Fd file(::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  const bool written =
      file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  file.reset();
  if (!written || ::rename(partial.c_str(), path.c_str()) != 0) {
    throw larder::StartupError("cannot write the ready file " + path);
  }
}

/// Many programs follow these; larder asks origins by way of what its file says.
void tell_ignored_proxy(const std::string& configured) {
  for (const char* name : {"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    larder::log(larder::LogLevel::info, "server",
                std::string(name) + " is set, but not followed: larder asks origins " +
                    (configured.empty() ? "directly, unless [upstream.proxy] has a url"
                                        : "by way of the proxy of [upstream.proxy]"));
    return;
  }
}

/// None where the system has no thread or memory for it. The start will fail of that too, and then
/// says which limit is too low.
std::unique_ptr<larder::LogWriter> begin_log_writer() {
  try {
    return std::make_unique<larder::LogWriter>();
  } catch (const std::exception&) {
    return nullptr;
  }
}

int serve(const Options& options) {
  using namespace larder;
  Config config = options.config.empty() ? default_config() : load_config(options.config);
  set_log_level(config.log.level);
  if (LogLines* lines = lines_of_own_log()) lines->set_max_bytes(config.log.buffer_bytes);
  install_redactor(redactor_for(config));
  install_store_fault_handler();
  tell_ignored_proxy(config.upstream.proxy.url);
  {
    Server server(std::make_shared<const Settings>(Settings{std::move(config)}), options.config);
    if (!options.ready_file.empty()) write_ready_file(options.ready_file, server.ready_json());
    auto ready = server.ready_json();
    ready.pop_back();  // the line end
    log(LogLevel::info, "server", "ready " + ready);
    server.run();
  }
  log(LogLevel::info, "server", "stopped");
  return 0;
}

/// Of an unset variable in a script, most likely: it would pass for an option that is not there.
std::string refuse_empty(const std::string& text) {
  return text.empty() ? "no file is named" : "";
}

/// `others` mean something else than a restore.
void add_restore_options(CLI::App& app, larder::RestoreWish& restore,
                         const std::vector<CLI::Option*>& others) {
  auto* file = app.add_option(
      "--restore-snapshot", restore.file,
      "Make a file of larderctl snapshot the store in cache.path, and end; where there is no store "
      "yet, and no larderd runs");
  file->check(CLI::Validator(refuse_empty, ""));
  for (CLI::Option* other : others) file->excludes(other);
  app.add_flag("--replace", restore.replaces, "With --restore-snapshot: a store that is there goes")
      ->needs(file);
  app.add_flag(
         "--revalidate", restore.revalidates,
         "With --restore-snapshot: all of it is asked for again before it is fresh, also what "
         "sync or the bus would tell changes of")
      ->needs(file);
}

}  // namespace

int main(int count, char** words) {
  open_standard_streams();
  CLI::App app{"larderd: an edge cache for the Contentstack Content Delivery API", "larderd"};
  app.footer(
      "Exit codes: 0 stopped, restored, or the file is right; 1 failed; 2 wrong usage\n"
      "Begin with the cache of another node, as root, while no larderd runs:\n"
      "  larderd --config /etc/larder/larder.toml --restore-snapshot /root/larder.snapshot");
  Options options;
  app.add_option("--config", options.config, "Configuration file (see larder.toml.example)");
  auto* check = app.add_option("--check", options.check,
                               "Check a configuration file, print every mistake, and end");
  check->check(CLI::Validator(refuse_empty, ""));
  auto* ready = app.add_option("--ready-file", options.ready_file,
                               "Write the addresses as JSON to this file when serving");
  larder::RestoreWish restore;
  add_restore_options(app, restore, {check, ready});
  bool prints_keys = false;
  app.add_flag(
      "--config-keys", prints_keys,
      "Print every key of the configuration file, what it may be, its default, and whether a "
      "change takes effect with a reload or a restart, and end");
  app.set_version_flag("--version", std::string("larderd " LARDER_VERSION));
  if (const auto code = larder::parse_command_line(app, count, words)) return *code;
  if (prints_keys) {
    std::cout << larder::config_reference_text();
    return 0;
  }
  if (!options.check.empty()) {
    const auto report = larder::check_config_file(options.check);
    (report.ok ? std::cout : std::cerr) << report.text;
    return report.ok ? 0 : 1;
  }
  close_off_process();
  larder::start_libraries_with_patient_memory();
  const auto log_writer = begin_log_writer();
  try {
    if (!restore.file.empty()) {
      restore.config_file = options.config;
      larder::restore_from(restore);
      return 0;
    }
    return serve(options);
  } catch (const std::bad_alloc&) {
    larder::log_text(
        "larderd: there is not enough memory to start: raise the limit (MemoryMax= or LimitAS= in "
        "the unit) or lower cache.size");
  } catch (const std::system_error& error) {
    larder::log_text(std::string("larderd: cannot start a thread: ") + error.what() +
                     ": raise the number of tasks (TasksMax= in the unit, ulimit -u) or lower "
                     "server.workers");
  } catch (const std::exception& error) {
    larder::log_text(std::string("larderd: ") + error.what());
  }
  return 1;
}
