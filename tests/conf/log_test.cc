// SPDX-License-Identifier: Apache-2.0
#include "conf/base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <cstdio>
#include <functional>
#include <thread>
#include <vector>

using namespace larder;
using Level = LogLevel;

namespace {

/// What `action` writes to stderr, by way of a file that has no name.
std::string stderr_of(const std::function<void()>& action) {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  const int saved = ::dup(STDERR_FILENO);
  ::dup2(::fileno(file), STDERR_FILENO);
  ::fcntl(STDERR_FILENO, F_SETFL, O_APPEND);
  action();
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  std::rewind(file);
  std::string text(1 << 20, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', begin)) {
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  CHECK(begin == text.size());
  return lines;
}

}  // namespace

TEST_CASE("log: a line has a time or a priority, the component and the text", "[conf]") {
  const WallTime now{1'714'564'800'007};
  CHECK(format_log_line(LogStyle::timestamp, Level::warning, "store", "map is full", now) ==
        "2024-05-01T12:00:00.007Z warning store: map is full\n");
  CHECK(format_log_line(LogStyle::journal, Level::error, "server", "x", now) == "<3>server: x\n");
  CHECK(format_log_line(LogStyle::journal, Level::warning, "server", "x", now) == "<4>server: x\n");
  CHECK(format_log_line(LogStyle::journal, Level::info, "server", "x", now) == "<6>server: x\n");
  CHECK(format_log_line(LogStyle::journal, Level::debug, "server", "x", now) == "<7>server: x\n");
}

TEST_CASE("log: what is logged cannot break the line or leak a token", "[conf]") {
  const WallTime now{0};
  CHECK(format_log_line(LogStyle::journal, Level::info, "a", "x\n<3>forged\x1b[0m", now) ==
        "<6>a: x\\x0a<3>forged\\x1b[0m\n");
  CHECK(format_log_line(LogStyle::journal, Level::info, "a", "GET /v3?access_token=abc&x=1", now) ==
        "<6>a: GET /v3?access_token=[redacted]&x=1\n");
  const std::string line =
      format_log_line(LogStyle::journal, Level::info, "a", std::string(100'000, 'x'), now);
  CHECK(line.size() == 4'096);
  CHECK(line.ends_with("x...\n"));
}

TEST_CASE("log: only the levels that are set are written", "[conf]") {
  const std::string text = stderr_of([] {
    log(Level::debug, "test", "unseen");
    LARDER_LOG_DEBUG("test", std::string("unseen too"));
    log(Level::info, "test", "seen");
    set_log_level(Level::debug);
    LARDER_LOG_DEBUG("test", std::string("seen too"));
    set_log_level(Level::error);
    log(Level::warning, "test", "unseen as well");
    CHECK_FALSE(log_enabled(Level::warning));
    CHECK(log_enabled(Level::error));
    set_log_level(Level::info);
  });
  CAPTURE(text);
  CHECK(text.find("unseen") == text.npos);
  CHECK(text.find(" info test: seen\n") != text.npos);
  CHECK(text.find(" debug test: seen too\n") != text.npos);
}

TEST_CASE("rate bound: so many pass in a second, the others are counted", "[conf]") {
  RateBound bound(3);
  const auto admitted = [&](std::int64_t ms) {
    int count = 0;
    for (int i = 0; i < 5; ++i) count += bound.admit(MonotonicTime{ms}) ? 1 : 0;
    return count;
  };
  CHECK(admitted(0) == 3);
  CHECK(admitted(999) == 0);
  CHECK(bound.take_refused() == 7);
  CHECK(bound.take_refused() == 0);
  CHECK(admitted(1'000) == 3);
  CHECK(admitted(900'000) == 3);
}

TEST_CASE("log: lines of many threads stay whole, are bounded, and the drops are told", "[conf]") {
  const std::uint64_t dropped_before = log_lines_dropped();
  const std::string text = stderr_of([] {
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < 500; ++i) log(Level::info, "test", "a line of one thread");
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (int i = 0; i < 20; ++i) log(Level::error, "test", "the daemon must stop");
    while (true) {  // until the next second admits a line, which tells of the drops
      const std::uint64_t dropped = log_lines_dropped();
      log(Level::info, "test", "after");
      if (log_lines_dropped() == dropped) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
  const std::vector<std::string> lines = lines_of(text);
  std::size_t errors = 0;
  std::size_t told = 0;
  for (const std::string& line : lines) {
    CAPTURE(line);
    CHECK((line.ends_with("test: a line of one thread") || line.ends_with("test: after") ||
           line.ends_with("the daemon must stop") ||
           line.ends_with("lines dropped: more than 100 in a second")));
    if (line.ends_with("the daemon must stop")) ++errors;
    const std::size_t number = line.find("log: ");
    if (number != line.npos) told += std::stoul(line.substr(number + 5));
  }
  CHECK(errors == 20);
  CHECK(told == log_lines_dropped() - dropped_before);
  CHECK(lines.size() < 1'000);
}
