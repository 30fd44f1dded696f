// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "conf/base/redact_scan.h"
#include "conf/base/secret.h"

/// The one gate for everything that larder prints: diagnostics, access log, admin answers, errors.
namespace larder {

/// Replaces by `[redacted]`:
///   - what follows a credential's name (access_token, preview_token, live_preview, authorization,
///     authtoken, management_token, api_token, delivery_tokens, cookie; any case, `-`, `_` or none,
///     percent-encoded or not, with any prefix) as a header (to the end of the line), in a query
///     or a TOML line, or in JSON;
///   - every secret that was added, verbatim or percent- or JSON-escaped, wherever it stands;
///   - what has the shape of a token: `cs` with 16 or more hex digits, `csprev...`.
/// When in doubt it takes too much. Redacting twice changes nothing more. API keys (`blt...`) and
/// sync tokens stay. Copies hold copies of the secrets; wiped when they end.
class Redactor {
 public:
  /// Secrets of earlier redactors that are kept; the oldest are forgotten first.
  static constexpr std::size_t kMaxRetired = 1'024;

  /// Empty secrets are ignored, and those that it has. Not thread-safe.
  void add(const Secret& secret);
  /// add() of what `earlier` knows, up to kMaxRetired secrets more.
  void add_retired(const Redactor& earlier);

  /// Any thread, once nothing is added any more.
  std::string redact(std::string_view text) const;

  /// Would redact() take anything out that is surely no uid? (Of `cs` and hex digits, 16 may be
  /// one of an entry; tokens have 24.) For text that may reach the disk. `also`: one more secret.
  bool finds_credential(std::string_view text, const Secret& also) const;

 private:
  std::string redact_once(std::string_view text) const;
  void find_secrets(std::string_view text, std::vector<Span>& spans) const;

  std::vector<Secret> secrets_;
  std::array<bool, 256> starts_secret_{};  ///< by first byte: most positions need no closer look
};

/// Makes `redactor` the one behind the functions below; what earlier ones knew it learns, as far as
/// kMaxRetired goes: who holds an old secret still may let it slip. Until the first one only names
/// and shapes are redacted. Any thread.
void install_redactor(Redactor redactor);

/// Another one with each install_redactor(): what was found of a text holds until it changes. Any
/// thread.
std::uint64_t redactor_number();

/// `Redactor::redact` and `finds_credential` of the installed one. Any thread.
std::string redact(std::string_view text);
bool finds_credential(std::string_view text, const Secret& also);

}  // namespace larder
