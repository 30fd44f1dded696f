// SPDX-License-Identifier: Apache-2.0
#include "daemon/snapshot_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cache/store/format.h"
#include "tests/cache/store_fixture.h"

namespace larder::test {
namespace {

std::string snapshot() {
  SnapshotEncoder encoder({kFormatVersion, 4096, {1}, secret_of(3)});
  encoder.add(SnapshotTable::objects, "key", "value");
  encoder.end();
  return encoder.take();
}

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Beside the other files.
std::size_t parts_in(const TemporaryDirectory& directory) {
  std::size_t parts = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    parts += entry.path().filename().string().find(".part-") != std::string::npos ? 1 : 0;
  }
  return parts;
}

TEST_CASE("snapshot file: it appears when it is whole, in the place of the one before") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("one");
  std::ofstream(path) << "the one before";
  std::ofstream(path + ".part") << "somebody's own";
  const std::string bytes = snapshot();
  {
    SnapshotFile file(path);
    REQUIRE(file.begin());
    REQUIRE(file.add(bytes.substr(0, 50)));
    CHECK(content(path) == "the one before");
    REQUIRE(file.add(bytes.substr(50)));
    const auto totals = file.finish();
    REQUIRE(totals);
    CHECK(totals->objects == 1);
  }
  CHECK(content(path) == bytes);
  CHECK(content(path + ".part") == "somebody's own");
  CHECK(parts_in(directory) == 0);
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE("snapshot file: of one that is damaged, cut short or given up nothing is left") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("one");
  std::string bytes = snapshot();
  SECTION("damaged") {
    bytes[100] ^= 1;
    SnapshotFile file(path);
    REQUIRE(file.begin());
    const auto added = file.add(bytes);
    REQUIRE(!added);
    CHECK(added.error().context.find("damaged") != std::string::npos);
  }
  SECTION("cut short") {
    SnapshotFile file(path);
    REQUIRE(file.begin());
    REQUIRE(file.add(bytes.substr(0, bytes.size() - 1)));
    const auto done = file.finish();
    REQUIRE(!done);
    CHECK(done.error().context.find("truncated") != std::string::npos);
  }
  SECTION("given up") {
    SnapshotFile file(path);
    REQUIRE(file.begin());
    REQUIRE(file.add(bytes));
  }
  SECTION("nothing came") {
    SnapshotFile file(path);
    REQUIRE(file.begin());
    CHECK(!file.finish());
  }
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("snapshot file: what is no regular file stays, and nothing is asked for") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("one");
  std::string named = path, wanted;
  SECTION("directory") {
    std::filesystem::create_directory(path);
    wanted = path + " is a directory";
  }
  SECTION("not a file") {
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    wanted = path + " is there, and no regular file";
  }
  SECTION("symbolic link") {
    std::filesystem::create_symlink(directory.file("elsewhere"), path);
    wanted = path + " is a symbolic link";
  }
  SECTION("in no directory") {
    named = directory.file("none/one");
    wanted = "cannot create a file in " + directory.file("none") + ": No such file or directory";
  }
  SECTION("no name") {
    named = "";
    wanted = "no file is named";
  }
  CAPTURE(named, wanted);
  const auto before = std::filesystem::symlink_status(path).type();
  SnapshotFile file(named);
  const auto begun = file.begin();
  REQUIRE(!begun);
  INFO(begun.error().context);
  CHECK(begun.error().context.find(wanted) != std::string::npos);
  CHECK(std::filesystem::symlink_status(path).type() == before);
  CHECK(parts_in(directory) == 0);
}

TEST_CASE("snapshot file: what has come to be there meanwhile stays as well") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("one");
  {
    SnapshotFile file(path);
    REQUIRE(file.begin());
    REQUIRE(file.add(snapshot()));
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    CHECK(!file.finish());
  }
  CHECK(std::filesystem::is_fifo(path));
  CHECK(parts_in(directory) == 0);
}

TEST_CASE("snapshot file: two processes with one name do not mix what they write") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("one");
  const std::string bytes = snapshot();
  SnapshotFile file(path);
  REQUIRE(file.begin());
  REQUIRE(file.add(bytes.substr(0, 50)));
  const int status = in_child([&] {
    SnapshotFile other(path);
    if (!other.begin() || parts_in(directory) != 2) return 1;
    return other.add(bytes) && other.finish() ? 0 : 2;
  });
  CAPTURE(status);
  CHECK(ended_with(status, 0));
  CHECK(content(path) == bytes);
  REQUIRE(file.add(bytes.substr(50)));
  REQUIRE(file.finish());
  CHECK(content(path) == bytes);
}

TEST_CASE("snapshot file: a signal that ends the process takes the unfinished one along") {
  const TemporaryDirectory directory;
  const int status = in_child([&] {
    SnapshotFile file(directory.file("one"));
    if (!file.begin() || !file.add(snapshot()) || parts_in(directory) != 1) return 1;
    ::raise(SIGTERM);
    return 2;
  });
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGTERM);
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("snapshot file: a signal that is ignored from the start stays so") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("one");
  const int status = in_child([&] {
    std::signal(SIGHUP, SIG_IGN);
    {
      SnapshotFile file(path);
      if (!file.begin()) return 1;
      ::raise(SIGHUP);
      if (!file.add(snapshot()) || !file.finish()) return 2;
    }
    ::raise(SIGHUP);
    return 0;
  });
  CAPTURE(status);
  CHECK(ended_with(status, 0));
  CHECK(std::filesystem::exists(path));
}

}  // namespace
}  // namespace larder::test
