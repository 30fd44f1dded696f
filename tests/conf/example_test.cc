// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "conf/config_file.h"
#include "tests/conf/test_secrets.h"

using namespace larder;
using Catch::Matchers::Equals;

/// conf/larder.toml.example, held to the table of keys and to the defaults of config.h.
namespace {

std::vector<std::string> example_lines() {
  const auto root = std::filesystem::path(LARDER_SOURCE_DIR);
  std::ifstream file(root / "conf" / "larder.toml.example");
  REQUIRE(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

/// "#key = value" and "#[section]" without their "#".
std::string uncommented(const std::string& line) {
  const bool setting = line.size() > 1 && line[0] == '#' && line[1] != ' ' && line[1] != '#';
  return setting ? line.substr(1) : line;
}

/// The section that a line opens, without brackets; empty = none.
std::string section_of(const std::string& line) {
  if (!line.starts_with('[')) return "";
  const std::size_t begin = line.find_first_not_of('[');
  return line.substr(begin, line.find(']') - begin);
}

/// The whole example with every default set, but for the sections that begin with `left_out`.
std::string full_example(const std::string& left_out) {
  std::string text;
  bool keep = true;
  for (const std::string& commented : example_lines()) {
    const std::string line = uncommented(commented);
    if (!section_of(line).empty()) keep = !section_of(line).starts_with(left_out);
    if (keep) text += line;
    text += "\n";
  }
  return text;
}

MapSecretSource example_secrets() {
  MapSecretSource secrets;
  secrets.credentials["production-delivery"] = "token-one\n";
  secrets.credentials["staging-a"] = "token-two";
  secrets.variables["LARDER_STAGING_B"] = "token-three";
  secrets.credentials["staging-preview"] = "token-four";
  return secrets;
}

}  // namespace

TEST_CASE("example: it is right as it stands", "[conf]") {
  std::string text;
  for (const std::string& line : example_lines()) text += line + "\n";
  const ParsedConfig parsed = parse_config(text, example_secrets());
  CHECK_THAT(format_mistakes("larder.toml.example", parsed.mistakes), Equals(""));
  CHECK(parsed.literal_secret_line == 0);
  CHECK(parsed.config.stacks.size() == 1);
}

TEST_CASE("example: what it shows as defaults are the defaults", "[conf]") {
  const ParsedConfig parsed = parse_config(full_example("open"), example_secrets());
  REQUIRE_THAT(format_mistakes("larder.toml.example", parsed.mistakes), Equals(""));
  CHECK(parsed.config.admin.socket == AdminConfig{}.socket);
  CHECK(parsed.config.admin.metrics == AdminConfig{}.metrics);
  CHECK(parsed.config.server == ServerConfig{});
  CHECK(parsed.config.tls == TlsConfig{});
  CHECK(parsed.config.cache == CacheConfig{});
  CHECK(parsed.config.ttl == TtlConfig{});
  CHECK(parsed.config.upstream == UpstreamConfig{});
  CHECK(parsed.config.preview == PreviewConfig{});
  CHECK(parsed.config.log == LogConfig{});
  CHECK(parsed.config.stacks.size() == 2);

  const ParsedConfig open = parse_config(full_example("stack"), MapSecretSource{});
  REQUIRE_THAT(format_mistakes("larder.toml.example", open.mistakes), Equals(""));
  CHECK(open.config.open == parse_config("", MapSecretSource{}).config.open);
}

TEST_CASE("example: it shows every key", "[conf]") {
  std::set<std::string> shown;
  std::string section;
  for (const std::string& commented : example_lines()) {
    std::string line = uncommented(commented);
    if (!section_of(line).empty()) section = section_of(line);
    if (line.starts_with("# or: ")) line = line.substr(6);
    const std::size_t equals = line.find(" = ");
    if (equals == std::string::npos || line.starts_with('#')) continue;
    shown.insert(section + "." + line.substr(0, equals));
  }
  for (const std::string& key : config_keys()) {
    CAPTURE(key);
    CHECK(shown.contains(key));
  }
}
