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

TEST_CASE("snapshot file: it appears when it is whole, in the place of the one before") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("one");
  std::ofstream(path) << "the one before";
  std::ofstream(path + ".part") << "of one that was killed";
  const std::string bytes = snapshot();
  {
    SnapshotFile file(path);
    REQUIRE(file.add(bytes.substr(0, 50)));
    CHECK(content(path) == "the one before");
    REQUIRE(file.add(bytes.substr(50)));
    const auto totals = file.finish();
    REQUIRE(totals);
    CHECK(totals->objects == 1);
  }
  CHECK(content(path) == bytes);
  CHECK(!std::filesystem::exists(path + ".part"));
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
    const auto added = file.add(bytes);
    REQUIRE(!added);
    CHECK(added.error().context.find("damaged") != std::string::npos);
  }
  SECTION("cut short") {
    SnapshotFile file(path);
    REQUIRE(file.add(bytes.substr(0, bytes.size() - 1)));
    const auto done = file.finish();
    REQUIRE(!done);
    CHECK(done.error().context.find("truncated") != std::string::npos);
  }
  SECTION("given up") {
    SnapshotFile file(path);
    REQUIRE(file.add(bytes));
  }
  SECTION("nothing came") {
    SnapshotFile file(path);
    CHECK(!file.finish());
  }
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("snapshot file: where none can be made, that is told with its name") {
  const TemporaryDirectory directory;
  SnapshotFile file(directory.file("none/one"));
  const auto added = file.add(snapshot());
  REQUIRE(!added);
  CHECK(added.error().context.find("none/one.part") != std::string::npos);
}

TEST_CASE("snapshot file: a signal that ends the process takes the unfinished one along") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("one");
  const int status = in_child([&] {
    SnapshotFile file(path);
    const bool added = file.add(snapshot()).has_value();
    if (!added || !std::filesystem::exists(path + ".part")) return 1;
    ::raise(SIGTERM);
    return 2;
  });
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGTERM);
  CHECK(std::filesystem::is_empty(directory.path()));
}

}  // namespace
}  // namespace larder::test
