// SPDX-License-Identifier: Apache-2.0
#include "conf/base/line_output.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

using namespace larder;

namespace {

/// A file in a directory, which go with the test.
class LogFile {
 public:
  LogFile() {
    std::string pattern = std::filesystem::temp_directory_path() / "larder-lines-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~LogFile() { std::filesystem::remove_all(directory_); }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  std::string path(const std::string& name = "log") const { return directory_ + "/" + name; }
  Fd open(const std::string& name = "log") const {
    return Fd(::open(path(name).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  }
  void put(const std::string& text) const { std::ofstream(path()) << text; }
  std::string text(const std::string& name = "log") const {
    std::ostringstream out;
    out << std::ifstream(path(name)).rdbuf();
    return out.str();
  }

 private:
  std::string directory_;
};

struct Pipe {
  explicit Pipe(int flags = 0) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC | flags) == 0);
    reader = Fd(ends[0]);
    writer = Fd(ends[1]);
  }
  std::string read() const {
    std::string text(65'536, '\0');
    const auto length = ::read(reader.get(), text.data(), text.size());
    text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return text;
  }
  Fd reader, writer;
};

/// Files end at `bytes` while it lives.
class FileLimit {
 public:
  explicit FileLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
  }
  ~FileLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

std::string lines_of(int count, char c, std::size_t length) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += std::string(length - 1, c) + "\n";
  return lines;
}

}  // namespace

TEST_CASE("line output: each line is written whole, or counted as lost", "[conf]") {
  const LogFile file;
  LineOutput output(file.open());
  {
    const FileLimit limit(250);
    const auto outcome = output.write(lines_of(10, 'a', 100));
    CHECK(outcome.written == 2);
    CHECK(outcome.lost == 8);
    CHECK(outcome.error == EFBIG);
    CHECK(output.write(lines_of(3, 'b', 100)).lost == 3);
  }
  const auto outcome = output.write(lines_of(1, 'c', 100));
  CHECK(outcome.written == 1);
  CHECK(outcome.lost == 0);
  CHECK(outcome.error == 0);
  CHECK(file.text() == lines_of(2, 'a', 100) + std::string(50, 'a') + "\n" + lines_of(1, 'c', 100));
}

TEST_CASE("line output: what is too long for the room is lost, what fits is written", "[conf]") {
  const LogFile file;
  LineOutput output(file.open());
  const FileLimit limit(120);
  const auto outcome = output.write(lines_of(1, 'a', 100) + lines_of(1, 'b', 21) + "c\n");
  CHECK(outcome.written == 1);
  CHECK(outcome.lost == 2);  // of b 20 bytes are there, and no room for the line break
  CHECK(file.text() == lines_of(1, 'a', 100) + std::string(20, 'b'));
}

TEST_CASE("line output: a line that an earlier process tore is ended first", "[conf]") {
  const LogFile file;
  file.put("{\"whole\":1}\n{\"to");
  LineOutput output(file.open());
  CHECK(output.write("{\"next\":1}\n").written == 1);
  CHECK(output.write("{\"next\":2}\n").written == 1);
  CHECK(file.text() == "{\"whole\":1}\n{\"to\n{\"next\":1}\n{\"next\":2}\n");
}

TEST_CASE("line output: a file that was emptied meanwhile begins with a line", "[conf]") {
  const LogFile file;
  LineOutput output(file.open());
  {
    const FileLimit limit(50);
    CHECK(output.write(lines_of(1, 'a', 100)).lost == 1);
  }
  REQUIRE(::truncate(file.path().c_str(), 0) == 0);
  CHECK(output.write("b\n").written == 1);
  CHECK(file.text() == "b\n");
}

TEST_CASE("line output: another file is begun with a line, and the one before is left", "[conf]") {
  const LogFile file;
  LineOutput output(file.open());
  {
    const FileLimit limit(50);
    CHECK(output.write(lines_of(1, 'a', 100)).lost == 1);
  }
  output.use(file.open("next"));
  CHECK(output.write("b\n").written == 1);
  CHECK(file.text("next") == "b\n");
  CHECK(file.text() == std::string(50, 'a'));
}

TEST_CASE("line output: a full disk and a reader that is gone lose lines and end nothing",
          "[conf]") {
  LineOutput full{Fd(::open("/dev/full", O_WRONLY | O_CLOEXEC))};
  const auto refused = full.write("a\nb\n");
  CHECK(refused.lost == 2);
  CHECK(refused.error == ENOSPC);
  const auto handler = std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  pipe.reader.reset();
  LineOutput gone(std::move(pipe.writer));
  const auto broken = gone.write("a\nb\nc\n");
  CHECK(broken.lost == 3);
  CHECK(broken.error == EPIPE);
  std::signal(SIGPIPE, handler);
}

TEST_CASE("line output: a pipe gets whole lines that no other writer's come between", "[conf]") {
  Pipe pipe(O_DIRECT);  // what one write() brought is read alone
  LineOutput output(std::move(pipe.writer));
  CHECK(output.write(lines_of(100, 'a', 300)).written == 100);
  std::size_t lines = 0;
  while (lines < 100) {
    const std::string piece = pipe.read();
    CHECK(piece.size() <= 4'096);
    CHECK(piece.size() % 300 == 0);
    lines += piece.size() / 300;
    REQUIRE_FALSE(piece.empty());
  }
}

TEST_CASE("line output: a pipe that others have made non-blocking loses nothing", "[conf]") {
  Pipe pipe;
  ::fcntl(pipe.writer.get(), F_SETFL, O_NONBLOCK);
  LineOutput output(std::move(pipe.writer));
  LineOutput::Outcome outcome;
  std::thread writer([&] { outcome = output.write(lines_of(1'000, 'a', 200)); });
  std::size_t bytes = 0;
  while (bytes < 200'000) bytes += pipe.read().size();
  writer.join();
  CHECK(outcome.written == 1'000);
  CHECK(outcome.lost == 0);
}
