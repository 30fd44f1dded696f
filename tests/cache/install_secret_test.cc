// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>

#include "cache/scope/install_secret.h"
#include "conf/base/startup_error.h"

using namespace larder;
namespace fs = std::filesystem;

namespace {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (fs::temp_directory_path() / "larder-secret-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TemporaryDirectory() { fs::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string path() const { return path_.string(); }
  fs::path file(const char* name) const { return path_ / name; }

 private:
  fs::path path_;
};

void write(const fs::path& path, const std::string& bytes, fs::perms mode = fs::perms(0600)) {
  std::ofstream(path, std::ios::binary) << bytes;
  fs::permissions(path, mode);
}

}  // namespace

TEST_CASE("install secret: made once, then read", "[cache]") {
  const TemporaryDirectory directory;
  const mode_t before = umask(0);
  const InstallSecret made = load_install_secret(directory.path());
  umask(before);
  CHECK(fs::file_size(directory.file("secret")) == 32);
  CHECK(fs::status(directory.file("secret")).permissions() == fs::perms(0600));
  CHECK_FALSE(fs::exists(directory.file("secret.new")));
  CHECK(load_install_secret(directory.path()).bytes == made.bytes);
  CHECK(made.bytes != InstallSecret{}.bytes);

  const TemporaryDirectory elsewhere;
  CHECK(load_install_secret(elsewhere.path()).bytes != made.bytes);
}

TEST_CASE("install secret: a draft left by a crash is no secret", "[cache]") {
  const TemporaryDirectory directory;
  write(directory.file("secret.new"), "half");
  load_install_secret(directory.path());
  CHECK(fs::file_size(directory.file("secret")) == 32);
  CHECK_FALSE(fs::exists(directory.file("secret.new")));
}

TEST_CASE("install secret: what cannot be one is refused, not replaced", "[cache]") {
  const TemporaryDirectory directory;
  const fs::path secret = directory.file("secret");
  SECTION("too short") {
    write(secret, std::string(31, 'x'));
  }
  SECTION("too long") {
    write(secret, std::string(33, 'x'));
  }
  SECTION("empty") {
    write(secret, "");
  }
  SECTION("readable by the group") {
    write(secret, std::string(32, 'x'), fs::perms(0640));
  }
  SECTION("readable by others") {
    write(secret, std::string(32, 'x'), fs::perms(0604));
  }
  SECTION("a directory") {
    fs::create_directory(secret);
  }
  SECTION("a link") {
    write(directory.file("elsewhere"), std::string(32, 'x'));
    fs::create_symlink("elsewhere", secret);
  }
  SECTION("a pipe") {
    REQUIRE(mkfifo(secret.c_str(), 0600) == 0);
  }
  CHECK_THROWS_AS(load_install_secret(directory.path()), StartupError);
  CHECK(fs::exists(secret));
}

TEST_CASE("install secret: no directory, no secret", "[cache]") {
  CHECK_THROWS_AS(load_install_secret("/nonexistent/larder"), StartupError);
}
