// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conf/base/startup_error.h"
#include "conf/config.h"
#include "conf/key_lines.h"
#include "conf/mistake.h"
#include "conf/secret_source.h"

/// The configuration file, TOML: every key is in config_table.cc, with an explanation in
/// larder.toml.example.
namespace larder {

struct ParsedConfig {
  Config config;                  ///< of use only without mistakes
  std::vector<Mistake> mistakes;  ///< all of them, in the order of the lines
  KeyLines lines;                 ///< where its keys stand
  int literal_secret_line = 0;    ///< where a token stands in the text itself; 0 = nowhere
};

/// Reads a whole configuration: unknown keys, wrong types, ranges and contradictions are mistakes,
/// every one with its line and remedy. Pure but for what `secrets` does.
ParsedConfig parse_config(std::string_view toml_text, const SecretSource& secrets);

/// parse_config() of a file, and a few mistakes more: a file that holds tokens must belong to root
/// or to the user that runs larder and be closed to others, upstream.ca_file must hold a
/// certificate, and webhook.public_key_file a public key.
/// Throws StartupError when there is no such file or it cannot be read.
ParsedConfig read_config_file(const std::string& path, const SecretSource& secrets);

/// That of an empty file: one listener on 127.0.0.1:8080, open to the region na.
Config default_config();

/// The configuration that the daemon starts with. Throws StartupError with all mistakes.
Config load_config(const std::string& path);

/// One `FILE:LINE: message; remedy` for each mistake, with line breaks.
std::string format_mistakes(const std::string& path, const std::vector<Mistake>& mistakes);

/// What it configures in a few lines, for a human; holds no secret.
std::string describe_config(const Config& config);

/// `larderd --check FILE`: the mistakes, also what the machine lacks for a start, or `FILE: ok`,
/// the description, warnings, and what could not be checked. Does not throw.
struct ConfigReport {
  bool ok = false;
  std::string text;  ///< ends in a line break
};
ConfigReport check_config_file(const std::string& path);

/// Every key with its sections, like "stack.scope.environment".
std::vector<std::string> config_keys();

}  // namespace larder
