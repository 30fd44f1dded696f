// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "conf/mistake.h"
#include "conf/secret_source.h"
#include "conf/toml_reader.h"

/// Single values of the configuration file. Each function gives the value, or notes the mistake
/// and gives nothing.
namespace larder {

/// What reading needs besides the value.
struct ReadContext {
  const SecretSource& secrets;
  std::vector<Mistake>& mistakes;
  int literal_secret_line = 0;  ///< of the first one; 0 = the file holds none

  void mistake(const TomlValue& at, std::string message, std::string remedy);
};

/// Both ends are allowed.
struct Range {
  std::int64_t min;
  std::int64_t max;
};

/// What a text must look like.
struct TextForm {
  bool (*accepts)(std::string_view text);
  const char* expected;  ///< "give ..."
  bool quotable = true;  ///< false = a wrong text may hold a password
};
extern const TextForm kAbsolutePath;
extern const TextForm kAbsolutePathOrNone;
extern const TextForm kSocketPath;
extern const TextForm kAccessLogTarget;
extern const TextForm kApiKey;
extern const TextForm kEnvironmentName;
extern const TextForm kBranchName;
extern const TextForm kForwardableHeader;
extern const TextForm kInstanceId;
extern const TextForm kProxyUrl;
extern const TextForm kUrlPath;
extern const TextForm kUrlOrNone;
extern const TextForm kBusAddressOrNone;
extern const TextForm kBusWord;
extern const TextForm kBusWordOrNone;
extern const TextForm kHeaderNameOrNone;

/// For messages: in double quotes and on one line. Of a long text only its length: half a token
/// would pass any redaction.
std::string quoted(std::string_view text);

/// Notes a name that is not among `names`.
void mistake_unknown(const TomlValue& at, std::string_view what, std::string_view name,
                     std::span<const std::string_view> names, ReadContext& context);

/// Is it of the type? Notes a mistake if not.
bool has_type(const TomlValue& value, TomlValue::Type type, ReadContext& context);

std::optional<std::int64_t> read_count(const TomlValue& value, Range range, ReadContext& context);
/// A number from 0 to 1, or a text as "1 in 100".
std::optional<double> read_share(const TomlValue& value, ReadContext& context);
inline constexpr const char* kShareAllowed = "a number from 0 to 1, or \"1 in N\"";
/// `0.01`
std::string share_text(double share);
std::optional<bool> read_flag(const TomlValue& value, ReadContext& context);
std::optional<std::string> read_text(const TomlValue& value, const TextForm& form,
                                     ReadContext& context);
/// In milliseconds, as the range is; a multiple of `unit_ms`.
std::optional<Milliseconds> read_duration(const TomlValue& value, Milliseconds unit_ms, Range range,
                                          ReadContext& context);
/// In bytes, as the range is.
std::optional<Bytes> read_size(const TomlValue& value, Range range, ReadContext& context);
/// The index of the text among `names`.
std::optional<std::size_t> read_choice(const TomlValue& value,
                                       std::span<const std::string_view> names,
                                       ReadContext& context);
std::optional<Hosts> read_region(const TomlValue& value, ReadContext& context);
std::optional<std::string> read_base_url(const TomlValue& value, ReadContext& context);
std::optional<ListenAddress> read_address(const TomlValue& value, ReadContext& context);

/// A literal text or one of { file = "PATH" }, { env = "NAME" }, { credential = "NAME" }: visible
/// ASCII, at most SecretSource::kMaxBytes; line breaks at the end are dropped.
std::optional<Secret> read_secret(const TomlValue& value, ReadContext& context);

}  // namespace larder
