// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include "conf/config_value.h"

/// Tokens in the configuration file, or wherever it says they are.
namespace larder {
namespace {

constexpr const char* kSecretForms =
    "give a text, { file = \"/PATH\" }, { env = \"NAME\" } or { credential = \"NAME\" }";

struct SourceKind {
  std::string_view key;
  bool (*accepts)(std::string_view where);
  const char* expected;
  Result<Secret> (SecretSource::*read)(const std::string& where) const;
};

bool is_absolute_path(std::string_view text) {
  return text.starts_with('/') && text.find('\0') == text.npos;
}

bool is_env_name(std::string_view text) {
  return !text.empty() && text.find('=') == text.npos && text.find('\0') == text.npos;
}

bool is_credential_name(std::string_view text) {
  return !text.empty() && text != "." && text != ".." && text.find('/') == text.npos &&
         text.find('\0') == text.npos;
}

constexpr SourceKind kSources[] = {
    {"file", is_absolute_path, "an absolute path", &SecretSource::read_file},
    {"env", is_env_name, "the name of an environment variable", &SecretSource::read_env},
    {"credential", is_credential_name, "a credential's name, without a path",
     &SecretSource::read_credential},
};

constexpr std::array<std::string_view, 3> kSourceKeys = {"file", "env", "credential"};

/// Nothing of what was read may get into a message.
std::optional<Secret> checked(std::string_view bytes, const TomlValue& at, ReadContext& context) {
  while (!bytes.empty() && (bytes.back() == '\n' || bytes.back() == '\r')) bytes.remove_suffix(1);
  const auto visible = [](char c) { return c > 0x20 && c < 0x7F; };
  if (bytes.empty()) {
    context.mistake(at, "a token of " + at.path + " is empty", "put the token there");
  } else if (bytes.size() > SecretSource::kMaxBytes) {
    context.mistake(at, "a token of " + at.path + " is longer than 4 KiB",
                    "check that it is the token and nothing else");
  } else if (!std::all_of(bytes.begin(), bytes.end(), visible)) {
    context.mistake(at, "a token of " + at.path + " holds blanks, control or non-ASCII characters",
                    "check that it is the token and nothing else");
  } else {
    return Secret{std::string(bytes)};
  }
  return std::nullopt;
}

std::optional<Secret> read_from_source(const TomlValue& reference, ReadContext& context) {
  const TomlValue& where = reference.children.front();
  for (const SourceKind& source : kSources) {
    if (source.key != where.key) continue;
    if (!has_type(where, TomlValue::Type::text, context)) return std::nullopt;
    if (!source.accepts(where.text)) {
      context.mistake(where, where.path + " is " + quoted(where.text),
                      std::string("give ") + source.expected);
      return std::nullopt;
    }
    const Result<Secret> secret = (context.secrets.*source.read)(where.text);
    if (secret) return checked(secret->reveal(), reference, context);
    const std::string& reason = secret.error().context;
    const std::size_t remedy = reason.find("; ");
    context.mistake(where, reason.substr(0, remedy),
                    remedy == reason.npos ? "correct it" : reason.substr(remedy + 2));
    return std::nullopt;
  }
  mistake_unknown(where, "source of a token", where.key, kSourceKeys, context);
  return std::nullopt;
}

}  // namespace

std::optional<Secret> read_secret(const TomlValue& value, ReadContext& context) {
  if (value.type == TomlValue::Type::text) {
    if (context.literal_secret_line == 0) context.literal_secret_line = value.line;
    return checked(value.text, value, context);
  }
  if (value.type == TomlValue::Type::table && value.children.size() == 1) {
    return read_from_source(value, context);
  }
  context.mistake(
      value,
      "a token of " + value.path + " is " +
          (value.type == TomlValue::Type::table ? "a table with more or less than one key"
                                                : std::string(type_name(value.type))),
      kSecretForms);
  return std::nullopt;
}

}  // namespace larder
