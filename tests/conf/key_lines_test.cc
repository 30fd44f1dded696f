// SPDX-License-Identifier: Apache-2.0
#include "conf/key_lines.h"

#include <catch2/catch_test_macros.hpp>

using namespace larder;

namespace {

KeyLines lines_of(const char* text) {
  return KeyLines(std::get<TomlValue>(read_toml(text)));
}

}  // namespace

TEST_CASE("key lines: a key is found by its name, and by its value where there are several") {
  const KeyLines lines = lines_of(
      "[cache]\n"
      "size = \"1GiB\"\n"
      "\n"
      "[[listener]]\n"
      "address = \"unix:/a\"\n"
      "[[listener]]\n"
      "address = \"unix:/b\"\n"
      "tls = { certificate = \"/c.pem\", key = \"/c.key\" }\n"
      "[admin]\n"
      "metrics = [\n"
      "  \"127.0.0.1:1\",\n"
      "  \"127.0.0.1:2\"]\n");
  CHECK(lines.line_of("cache.size", "") == 2);
  CHECK(lines.line_of("listener.address", "unix:/b") == 7);
  CHECK(lines.line_of("listener.tls.certificate", "/c.pem") == 8);
  CHECK(lines.line_of("admin.metrics", "127.0.0.1:2") == 12);
  CHECK(lines.line_of("listener.address", "unix:/c") == 0);
  CHECK(lines.line_of("cache.size", "1024MiB") == 2);
  CHECK(lines.line_of("cache.path", "/var/cache/larder") == 0);
}

TEST_CASE("key lines: a mistake that has a line, or names no key, keeps its own") {
  std::vector<Mistake> mistakes{{7, "a", "b", "cache.size"},
                                {0, "a", "b"},
                                {0, "a", "b", "cache.size"},
                                {0, "a", "b", "cache.path"}};
  lines_of("[cache]\nsize = 1\n").place(mistakes);
  CHECK(mistakes[0].line == 7);
  CHECK(mistakes[1].line == 0);
  CHECK(mistakes[2].line == 2);
  CHECK(mistakes[3].line == 0);
}
