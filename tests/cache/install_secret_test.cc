// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>

#include "cache/scope/install_secret.h"

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

TEST_CASE("install secret: what cannot be one is moved aside, and the start goes on", "[cache]") {
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
  SECTION("another user's") {
    if (geteuid() != 0) SKIP("only root can give a file away");
    write(secret, std::string(32, 'x'));
    REQUIRE(chown(secret.c_str(), 65534, 65534) == 0);
  }
  const InstallSecret made = load_install_secret(directory.path());
  CHECK(fs::exists(fs::symlink_status(directory.file("secret.unusable"))));
  CHECK(load_install_secret(directory.path()).bytes == made.bytes);
  CHECK(fs::file_size(secret) == 32);
}

TEST_CASE("install secret: wrong modes are set right, and the cache stays", "[cache]") {
  const TemporaryDirectory directory;
  const fs::path secret = directory.file("secret");
  const InstallSecret made = load_install_secret(directory.path());
  for (const unsigned mode : {0640u, 0604u, 0666u, 0000u, 0200u}) {
    CAPTURE(mode);
    fs::permissions(secret, fs::perms(mode));
    CHECK(load_install_secret(directory.path()).bytes == made.bytes);
    if ((mode & 077) != 0) CHECK(fs::status(secret).permissions() == fs::perms(0600));
  }
  CHECK_FALSE(fs::exists(directory.file("secret.unusable")));
}

TEST_CASE("install secret: one that cannot be kept serves for this run", "[cache]") {
  const InstallSecret made = load_install_secret("/nonexistent/larder");
  CHECK(made.bytes != InstallSecret{}.bytes);
  CHECK(load_install_secret("/nonexistent/larder").bytes != made.bytes);
}
