// SPDX-License-Identifier: Apache-2.0
#include "conf/base/log_writer.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include "conf/base/check.h"
#include "conf/base/last_words.h"
#include "conf/base/log.h"

using namespace larder;

namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    reader = Fd(ends[0]);
    writer = Fd(ends[1]);
  }
  /// Nothing more goes in. The bytes that went in.
  std::size_t fill() const {
    ::fcntl(writer.get(), F_SETFL, O_NONBLOCK);
    std::size_t bytes = 0;
    while (::write(writer.get(), "#", 1) == 1) ++bytes;
    ::fcntl(writer.get(), F_SETFL, 0);
    return bytes;
  }
  /// Until all writers are gone.
  std::string read_all() const {
    std::string text;
    char bytes[4'096];
    for (;;) {
      const auto length = ::read(reader.get(), bytes, sizeof bytes);
      if (length <= 0) return text;
      text.append(bytes, static_cast<std::size_t>(length));
    }
  }
  Fd reader, writer;
};

/// LogLines that write to a pipe.
struct Lines {
  explicit Lines(Pipe& pipe) : output(std::move(pipe.writer)), lines(output) {}
  void run() {
    thread = std::thread([this] { lines.run(); });
    lines.wait_for_thread();
  }
  LineOutput output;
  LogLines lines;
  std::thread thread;
};

std::size_t count_of(const std::string& text, char c) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), c));
}

/// How a process ends that does `action` with `pipe` as its stderr.
int status_of_child(const Pipe& pipe, void (*action)()) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(pipe.writer.get(), STDERR_FILENO);
    ::alarm(60);  // a child that hangs is ended by another signal
    for (const int number : {SIGABRT, SIGSEGV}) std::signal(number, SIG_DFL);
    action();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("log writer: beyond the bound lines are lost, counted, and told once there is room",
          "[conf]") {
  Pipe pipe;
  Lines log(pipe);
  log.lines.set_max_bytes(10);
  CHECK(log.lines.push("12345\n"));
  CHECK_FALSE(log.lines.push("67890\n"));
  CHECK_FALSE(log.lines.push("abcde\n"));
  CHECK(log.lines.push("fgh\n"));
  CHECK(log.lines.status(monotonic_now()).lost == 2);
  log.run();
  CHECK(log.lines.stop(60'000));
  log.thread.join();
  log.output.use(Fd());
  const std::string text = pipe.read_all();
  CAPTURE(text);
  CHECK(text.starts_with("12345\nfgh\n"));
  CHECK(text.find("log: 2 lines of this log are lost: more came than could be written") !=
        text.npos);
  CHECK(count_of(text, '\n') == 3);
}

TEST_CASE("log writer: where nobody reads, who logs and who ends it go on", "[conf]") {
  Pipe pipe;
  const std::size_t filled = pipe.fill();
  Lines log(pipe);
  log.lines.set_max_bytes(1'000);
  log.run();
  std::size_t taken = 0;
  for (int i = 0; i < 1'000; ++i) taken += log.lines.push("123456789\n") ? 1 : 0;
  CHECK(taken == 100);
  CHECK(log.lines.status(monotonic_now()).lost == 900);
  CHECK_FALSE(log.lines.stop(10));
  CHECK_FALSE(log.lines.push("x\n"));
  std::string text;
  std::thread reader([&] { text = pipe.read_all(); });
  CHECK(log.lines.stop(60'000));
  log.thread.join();
  log.output.use(Fd());
  reader.join();
  CHECK(text.substr(0, filled) == std::string(filled, '#'));
  CHECK(count_of(text.substr(filled), '\n') == 101);
  CHECK(text.find("901 lines of this log are lost") != text.npos);
}

TEST_CASE("log writer: last words come behind the lines that wait", "[conf]") {
  Pipe pipe;
  Lines log(pipe);
  log.run();
  CHECK(log.lines.push("before\n"));
  say_last_words({"the ", "end"});
  CHECK(log.lines.stop(60'000));
  log.thread.join();
  log.output.use(Fd());
  CHECK(pipe.read_all() == "before\nthe end\n");
}

TEST_CASE("log writer: a failed check is said behind what was logged before", "[conf]") {
  Pipe pipe;
  const int status = status_of_child(pipe, [] {
    const LogWriter writer;
    for (int i = 0; i < 50; ++i) log(LogLevel::info, "test", "a line");
    LARDER_CHECK(1 + 1 == 3);
  });
  pipe.writer.reset();
  const std::string text = pipe.read_all();
  CAPTURE(text);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
  CHECK(count_of(text, '\n') == 51);
  CHECK(text.find("larder: bug: 1 + 1 == 3 does not hold at ") > text.rfind("a line"));
}

TEST_CASE("log writer: a process ends where nobody reads, well or by a failed check", "[conf]") {
  Pipe pipe;
  pipe.fill();
  const int ended = status_of_child(pipe, [] {
    const LogWriter writer;
    log(LogLevel::info, "test", "a line");
    log_text("the end");
  });
  CHECK(WIFEXITED(ended));
  const int failed = status_of_child(pipe, [] {
    const LogWriter writer;
    log(LogLevel::info, "test", "a line");
    LARDER_CHECK(1 + 1 == 3);
  });
  CHECK(WIFSIGNALED(failed));
  CHECK(WTERMSIG(failed) == SIGABRT);
  const int alone = status_of_child(pipe, [] { LARDER_CHECK(1 + 1 == 3); });
  CHECK(WTERMSIG(alone) == SIGABRT);
}
