// SPDX-License-Identifier: Apache-2.0
#include "conf/log_target.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

using namespace larder;
using Kind = LogTarget::Kind;

TEST_CASE("log target: names and links that mean a stream are the stream", "[conf]") {
  std::string directory = std::filesystem::temp_directory_path() / "larder-target-XXXXXX";
  REQUIRE(::mkdtemp(directory.data()) != nullptr);
  const auto link = [&](const char* name, const std::string& to) {
    std::filesystem::create_symlink(to, directory + "/" + name);
  };
  std::ofstream(directory + "/file") << "x";
  link("out", "/dev/stdout");
  link("err", "../../../../../../../../dev/stderr");
  link("far", "out");
  link("to-file", "file");
  link("to-nothing", "none");
  link("round", "round");
  struct Case {
    std::string text;
    Kind kind;
    std::string error;
  };
  const std::vector<Case> cases = {
      {"", Kind::none, ""},
      {"stdout", Kind::out, ""},
      {"stderr", Kind::err, ""},
      {"/dev/stdout", Kind::out, ""},
      {"/dev/stderr", Kind::err, ""},
      {"/proc/self/fd/1", Kind::out, ""},
      {"/dev/fd/2", Kind::err, ""},
      {directory + "/out", Kind::out, ""},
      {directory + "/err", Kind::err, ""},
      {directory + "/far", Kind::out, ""},
      {directory + "/file", Kind::file, ""},
      {directory + "/new", Kind::file, ""},
      {"/dev/null", Kind::file, ""},
      {directory + "/to-file", Kind::none, "is a symbolic link to a file"},
      {directory + "/to-nothing", Kind::none, "is a symbolic link to a file"},
      {directory + "/round", Kind::none, "is a symbolic link to a file"},
      {directory, Kind::none, "is a directory"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const auto target = log_target(c.text);
    REQUIRE(target.has_value() == c.error.empty());
    if (target) {
      CHECK(target->kind == c.kind);
      CHECK(target->path == (c.kind == Kind::file ? c.text : ""));
    } else {
      CHECK(target.error().context == "log.access_log " + c.text + " " + c.error);
    }
  }
  std::filesystem::remove_all(directory);
}
