// SPDX-License-Identifier: Apache-2.0
#include "bench/run/run_header.h"

#include <CLI/CLI.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace larder::bench;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("run header: the CPU's name as the system tells it", "[bench]") {
  CHECK(cpu_model("processor\t: 0\nmodel name\t: Fast CPU 9 @ 2 GHz\nmodel name\t: Other\n") ==
        "Fast CPU 9 @ 2 GHz");
  CHECK(cpu_model("model name\t: last line") == "last line");
  CHECK(cpu_model("model name\t:\nx: y\n").empty());
  CHECK(cpu_model("model name").empty());
  CHECK(cpu_model("CPU part\t: 0xd0c\n").empty());
}

TEST_CASE("run header: program, version, machine and every setting, but no credential", "[bench]") {
  CLI::App app{"", "load"};
  std::vector<std::string> sizes{"1K", "10K"};
  std::vector<std::string> headers;
  std::string url;
  double seconds = 5;
  unsigned threads = 0;
  bool spin = false, json = false, idle = false;
  app.add_option("--sizes", sizes)->delimiter(',')->capture_default_str();
  app.add_option("--seconds", seconds)->capture_default_str();
  app.add_option("--threads", threads);
  app.add_option("--url", url);
  app.add_option("--header", headers);
  app.add_flag("--spin", spin);
  app.add_flag("--idle", idle);
  app.add_flag("--json", json);
  app.parse(
      "--spin --seconds 2 --url http://h/?access_token=cs0123456789abcdef01234567 "
      "--header access_token:cs0123456789abcdef01234567 --header x-a:b",
      false);
  const std::string settings = settings_text(app);
  CHECK_THAT(settings, ContainsSubstring("--sizes 1K,10K, --seconds 2, --url http://h/"));
  CHECK_THAT(settings, ContainsSubstring("--header access_token,x-a, --spin"));
  for (const char* absent : {"cs0123", "--json", "--idle", "--threads", "--help"}) {
    CAPTURE(absent);
    CHECK_THAT(settings, !ContainsSubstring(absent));
  }
  const std::string header = run_header(app);
  CHECK(header.starts_with("larder-bench " LARDER_VERSION " load, on "));
  CHECK_THAT(header, ContainsSubstring(" CPUs, Linux "));
  CHECK(header.ends_with(settings + "\n\n"));
}
