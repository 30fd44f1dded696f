// SPDX-License-Identifier: Apache-2.0
#include "conf/config_file.h"

#include <openssl/crypto.h>
#include <algorithm>
#include <utility>

#include "conf/base/private_file.h"
#include "conf/check_secret_source.h"
#include "conf/config_check.h"
#include "conf/config_redactor.h"
#include "conf/config_surroundings.h"
#include "conf/config_table.h"
#include "conf/region.h"
#include "conf/toml_reader.h"

namespace larder {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;

/// What the file leaves out and no member initialiser can say.
void fill_defaults(const TomlValue& file, Config& config) {
  if (file.find("listener") == nullptr) {
    ListenerConfig listener;
    listener.address = {ListenAddress::Family::tcp, "127.0.0.1", 8080};
    config.listeners.push_back(std::move(listener));
  }
  if (config.open.hosts.delivery.empty() && config.open.hosts.preview.empty()) {
    config.open.hosts = *hosts_of_region("na");
  }
}

/// The second gate for secrets in messages: the first is that nothing above quotes one.
void finish_mistakes(ParsedConfig& parsed) {
  const Redactor redactor = redactor_for(parsed.config);
  for (Mistake& mistake : parsed.mistakes) {
    mistake.message = redactor.redact(mistake.message);
    mistake.remedy = redactor.redact(mistake.remedy);
  }
  std::stable_sort(parsed.mistakes.begin(), parsed.mistakes.end(),
                   [](const Mistake& a, const Mistake& b) { return a.line < b.line; });
}

void split_context(const Error& error, int line, std::string advice,
                   std::vector<Mistake>& mistakes) {
  const std::size_t remedy = error.context.find("; ");
  mistakes.push_back({line, error.context.substr(0, remedy),
                      error.context.substr(remedy + 2) + std::move(advice)});
}

/// A path in it may hold control characters.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return text;
}

}  // namespace

ParsedConfig parse_config(std::string_view toml_text, const SecretSource& secrets) {
  ParsedConfig parsed;
  auto read = read_toml(toml_text);
  if (auto* mistake = std::get_if<Mistake>(&read)) {
    parsed.mistakes.push_back(std::move(*mistake));
    finish_mistakes(parsed);
    return parsed;
  }
  const TomlValue& file = std::get<TomlValue>(read);
  ReadContext context{secrets, parsed.mistakes};
  read_section(file, config_table(), parsed.config, context);
  parsed.literal_secret_line = context.literal_secret_line;
  parsed.lines = KeyLines(file);
  check_config(parsed.config, file, parsed.mistakes);
  fill_defaults(file, parsed.config);
  finish_mistakes(parsed);
  return parsed;
}

ParsedConfig read_config_file(const std::string& path, const SecretSource& secrets) {
  auto content = read_regular_file(path, kMaxFileBytes);
  if (!content) throw StartupError(content.error().context);
  ParsedConfig parsed = parse_config(content->bytes, secrets);
  OPENSSL_cleanse(content->bytes.data(), content->bytes.size());
  if (parsed.literal_secret_line > 0) {
    if (auto checked = check_private(path, content->status); !checked) {
      split_context(checked.error(), parsed.literal_secret_line,
                    ", or move the token out of it: { file = ... }, { env = ... } or "
                    "{ credential = ... }",
                    parsed.mistakes);
    }
  }
  for (Mistake& mistake : check_ca_file(parsed.config.upstream.ca_file)) {
    parsed.mistakes.push_back(std::move(mistake));
  }
  for (Mistake& mistake : check_public_key_file(parsed.config.webhook.public_key_file)) {
    parsed.mistakes.push_back(std::move(mistake));
  }
  parsed.lines.place(parsed.mistakes);
  return parsed;
}

Config default_config() {
  Config config;
  fill_defaults(TomlValue{}, config);
  return config;
}

Config load_config(const std::string& path) {
  ParsedConfig parsed = read_config_file(path, SystemSecretSource{});
  if (parsed.mistakes.empty()) return std::move(parsed.config);
  std::string text = format_mistakes(path, parsed.mistakes);
  text.pop_back();
  throw StartupError(text);
}

std::string format_mistakes(const std::string& path, const std::vector<Mistake>& mistakes) {
  std::string text;
  for (const Mistake& mistake : mistakes) {
    text += path;
    if (mistake.line > 0) text += ":" + std::to_string(mistake.line);
    text += ": " + one_line(mistake.message) + "; " + one_line(mistake.remedy) + "\n";
  }
  return text;
}

ConfigReport check_config_file(const std::string& path) {
  try {
    const CheckSecretSource secrets;
    ParsedConfig parsed = read_config_file(path, secrets);
    if (parsed.mistakes.empty()) parsed.mistakes = check_surroundings(parsed.config);
    parsed.lines.place(parsed.mistakes);
    if (!parsed.mistakes.empty()) return {false, format_mistakes(path, parsed.mistakes)};
    std::string text = path + ": ok\n" + describe_config(parsed.config);
    for (const auto& warnings : {warnings_of(parsed.config), only_for_service(parsed.config)}) {
      for (const std::string& warning : warnings) text += "  warning: " + warning + "\n";
    }
    const Redactor redactor = redactor_for(parsed.config);
    for (const std::string& note : secrets.notes(path)) text += "  " + redactor.redact(note) + "\n";
    return {true, std::move(text)};
  } catch (const std::exception& error) {
    return {false, std::string(error.what()) + "\n"};
  }
}

std::vector<std::string> config_keys() {
  std::vector<std::string> names;
  for (KeyFacts& key : config_reference()) names.push_back(std::move(key.path));
  return names;
}

}  // namespace larder
