// SPDX-License-Identifier: Apache-2.0
#include "bench/trace/trace_csv.h"

#include <zlib.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>

#include "bench/run/command.h"
#include "bench/run/process.h"

using namespace larder::bench;

namespace {

void expect_two_keys(const ReplayTrace& trace) {
  REQUIRE(trace.keys == std::vector<std::string>{"a", "b c"});
  REQUIRE(trace.lines.size() == 3);
  CHECK(trace.lines[0].key == 0);
  CHECK(trace.lines[0].bytes == 100);
  CHECK(trace.lines[1].key == 1);
  CHECK(trace.lines[1].time_s == 5);
  CHECK(trace.lines[2].key == 0);
  CHECK(trace.lines[2].bytes == 0);
}

}  // namespace

TEST_CASE("trace csv: keys are numbered as they turn up; the header line is not needed",
          "[bench]") {
  const char* const text =
      GENERATE("time,key,size\n0,a,100\n5,b c,7\n5,a,0\n", "0,a,100\r\n5,b c,7\r\n\r\n5,a,0\r\n",
               "0,a,100\n5,b c,7\n5,a,0");
  CAPTURE(text);
  expect_two_keys(parse_replay_trace(text, "t"));
}

TEST_CASE("trace csv: a bad line is named with its number and what is wrong", "[bench]") {
  struct Case {
    const char* text;
    const char* problem;
  };
  const Case c = GENERATE(values<Case>({
      {"0,a,1\n0,a\n", "t line 2: it has not three fields"},
      {"time,key,size\nx,a,1\n", "t line 2: the time is no whole number"},
      {"0,a,-1\n", "t line 1: the size is no whole number"},
      {"0,a,1,2\n", "t line 1: the size is no whole number"},
      {"0,,1\n", "t line 1: the key is empty"},
      {"2,a,1\n1,a,1\n", "t line 2: the time is before that of the line above"},
      {"time,key,size\n", "t holds no requests"},
      {"", "t holds no requests"},
  }));
  CAPTURE(c.text);
  CHECK_THROWS_WITH(parse_replay_trace(c.text, "t"), Catch::Matchers::StartsWith(c.problem));
}

TEST_CASE("trace csv: files may be plain or gzip", "[bench]") {
  const TempDir folder;
  const std::string text = "0,a,100\n5,b c,7\n5,a,0\n";
  write_file(folder.path() / "plain.csv", text);
  expect_two_keys(read_replay_trace((folder.path() / "plain.csv").string()));
  const std::string coded = (folder.path() / "coded.csv.gz").string();
  gzFile file = ::gzopen(coded.c_str(), "wb");
  REQUIRE(::gzwrite(file, text.data(), static_cast<unsigned>(text.size())) > 0);
  ::gzclose(file);
  expect_two_keys(read_replay_trace(coded));
  CHECK_THROWS_AS(read_replay_trace((folder.path() / "none.csv").string()), BenchError);
}
