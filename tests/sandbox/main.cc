// SPDX-License-Identifier: Apache-2.0
// larder-sandbox: an origin for tests and benchmarks that looks like Contentstack. Prints its ports
// as one line of JSON when it is ready.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include "tests/sandbox/command_line.h"
#include "tests/sandbox/server.h"

namespace {

void die_with(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) std::raise(SIGTERM);  // it ended before
}

void raise_file_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// Ends the sandbox on SIGTERM and SIGINT.
class Signals {
 public:
  Signals(uv_loop_t* loop, sandbox::Sandbox& served) : served_(served) {
    constexpr int numbers[] = {SIGTERM, SIGINT};
    for (int i = 0; i < 2; ++i) {
      uv_signal_init(loop, &handles_[i]);
      handles_[i].data = this;
      uv_signal_start(
          &handles_[i],
          [](uv_signal_t* handle, int) { static_cast<Signals*>(handle->data)->end(); }, numbers[i]);
    }
  }

 private:
  void end() {
    for (uv_signal_t& handle : handles_) {
      auto* const generic = reinterpret_cast<uv_handle_t*>(&handle);
      if (uv_is_closing(generic) == 0) uv_close(generic, nullptr);
    }
    served_.shut_down();
  }

  sandbox::Sandbox& served_;
  uv_signal_t handles_[2];
};

void run(const sandbox::Options& options) {
  uv_loop_t loop;
  uv_loop_init(&loop);
  {
    sandbox::Sandbox served(&loop, options);
    const Signals signals(&loop, served);
    const sandbox::Json ports = {{"delivery", served.port(sandbox::Host::delivery)},
                                 {"preview", served.port(sandbox::Host::preview)},
                                 {"control", served.port(sandbox::Host::control)}};
    std::cout << ports.dump() << std::endl;
    uv_run(&loop, UV_RUN_DEFAULT);
  }
  if (uv_loop_close(&loop) != 0) throw std::logic_error("handles are left open");
}

}  // namespace

int main(int argc, char** argv) {
  const pid_t parent = getppid();
  if (argc == 2 && std::string_view(argv[1]) == "--version") {
    std::cout << "larder-sandbox " LARDER_VERSION << std::endl;
    return EXIT_SUCCESS;
  }
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) != "--help" && std::string_view(argv[i]) != "-h") continue;
    std::cout << sandbox::kHelp;
    return EXIT_SUCCESS;
  }
  try {
    const sandbox::Options options = sandbox::parse_command_line(argc, argv);
    if (options.die_with_parent) die_with(parent);
    std::signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    run(options);
    return EXIT_SUCCESS;
  } catch (const sandbox::UsageError& problem) {
    std::cerr << "larder-sandbox: " << problem.what() << "\n(larder-sandbox --help tells more)\n";
    return 2;
  } catch (const std::exception& problem) {
    std::cerr << "larder-sandbox: " << problem.what() << "\n";
    return EXIT_FAILURE;
  }
}
