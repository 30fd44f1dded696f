// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <string_view>

#include "conf/base/check.h"
#include "conf/config_file.h"
#include "tests/fuzz/fuzz_input.h"

// The text of a configuration -> settings, or mistakes. The whole input is the text.
//
// Each mistake names a line that there is, what is wrong and what to do, on one line and without a
// token. A configuration without mistakes can be described, without a token too, and is the same
// with a comment behind it.

namespace larder::fuzz {
namespace {

constexpr std::string_view kToken = "cs0123456789abcdef01234567";

/// Every file, variable and credential but `none` holds the token.
class OneSecret final : public SecretSource {
 public:
  Result<Secret> read_file(const std::string& path) const override { return find(path); }
  Result<Secret> read_env(const std::string& name) const override { return find(name); }
  Result<Secret> read_credential(const std::string& name) const override { return find(name); }

 private:
  static Result<Secret> find(const std::string& name) {
    if (name == "none") return fail(Error::Code::not_found, "there is none; create it");
    return Secret{std::string(kToken) + "\n"};
  }
};

bool is_one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void check_mistake(const Mistake& mistake, std::string_view text) {
  const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
  LARDER_CHECK(mistake.line >= 0 && mistake.line <= lines);
  LARDER_CHECK(!mistake.message.empty() && !mistake.remedy.empty());
  LARDER_CHECK(is_one_line(mistake.message) && is_one_line(mistake.remedy));
  LARDER_CHECK(mistake.message.find(kToken) == std::string::npos);
  LARDER_CHECK(mistake.remedy.find(kToken) == std::string::npos);
}

void run(std::string_view text) {
  static const OneSecret secrets;
  const ParsedConfig parsed = parse_config(text, secrets);
  for (const Mistake& mistake : parsed.mistakes) check_mistake(mistake, text);
  LARDER_CHECK(std::is_sorted(parsed.mistakes.begin(), parsed.mistakes.end(),
                              [](const Mistake& a, const Mistake& b) { return a.line < b.line; }));
  if (!parsed.mistakes.empty()) {
    const std::string all = format_mistakes("F", parsed.mistakes);
    LARDER_CHECK(static_cast<std::size_t>(std::count(all.begin(), all.end(), '\n')) ==
                 parsed.mistakes.size());
    return;
  }
  LARDER_CHECK(!parsed.config.listeners.empty());
  const std::string description = describe_config(parsed.config);
  LARDER_CHECK(!description.empty() && description.find(kToken) == std::string::npos);
  const ParsedConfig again = parse_config(std::string(text) + "\n# the end", secrets);
  LARDER_CHECK(again.mistakes.empty() && describe_config(again.config) == description);
  LARDER_CHECK(again.config.server == parsed.config.server &&
               again.config.cache == parsed.config.cache && again.config.ttl == parsed.config.ttl &&
               again.config.upstream == parsed.config.upstream);
}

}  // namespace
}  // namespace larder::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  larder::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
