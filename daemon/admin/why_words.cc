// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/why_words.h"

#include <algorithm>
#include <array>

namespace larder {
namespace {

struct DetailRow {
  std::string_view detail;
  std::string_view words;
};

/// Of StoreVerdict, OriginCause and what larder says by itself.
constexpr std::array<DetailRow, 36> kDetails{{
    {"stored", "the answer was stored"},
    {"committed", "it came from an answer that waited for its commit"},
    {"hit-for-miss", "its answers were not to be shared lately, so it goes to the origin alone"},
    {"rejected-credential", "the origin's refusal of the credential is held"},
    {"purged", "a purge has hit it"},
    {"outdated", "a cache before the origin answered with content of before a known change"},
    {"set_cookie", "the answer was not stored: it sets a cookie"},
    {"no_store", "the answer was not stored: its Cache-Control says no-store"},
    {"private", "the answer was not stored: its Cache-Control says private"},
    {"vary", "the answer was not stored: it varies on what is not in the key"},
    {"too_large",
     "the answer was not stored: it is larger than cache.max_object, or there was no "
     "room for it"},
    {"status", "the answer was not stored: its status is none to keep"},
    {"partial", "the answer was not stored: it is a part"},
    {"content_type", "the answer was not stored: it is not JSON by its Content-Type"},
    {"encoding", "the answer was not stored: its Content-Encoding was not asked for"},
    {"contradictory", "the answer was not stored: its header contradicts itself"},
    {"incomplete", "the answer was not stored: its end did not come"},
    {"malformed_json", "the answer was not stored: its body is no sound JSON"},
    {"secret_in_key", "the answer was not stored: a credential would have reached the disk"},
    {"not_of_the_api", "the answer was not stored: a 200 without content"},
    {"dns", "the origin's name has no address"},
    {"private-address", "the origin's address is private, and that is not allowed"},
    {"proxy", "the proxy on the way to the origin failed"},
    {"connect", "the origin takes no connection"},
    {"tls", "the TLS handshake with the origin failed"},
    {"timeout", "the origin did not answer in time"},
    {"broken-connection", "the connection to the origin broke"},
    {"protocol", "what came is not the HTTP that larder takes"},
    {"too-large", "the origin's answer is beyond a bound"},
    {"server-error", "the origin answered with an error"},
    {"not-the-api", "the origin's answer is not the API's"},
    {"rate-limited", "the origin has said when it may be asked again"},
    {"host-open", "the origin has failed too often: it is asked by probes only"},
    {"overload", "a bound of larder's own for this origin is reached"},
    {"redirect", "the origin answered with a redirect"},
    {"miss-rate", "the token asks more than open.miss_rate allows"},
}};

/// In the order of Reason.
constexpr std::array<std::string_view, kReasons> kReasonWords{{
    "",
    "an OPTIONS request, which is a CORS preflight",
    "a preview, never stored: it came to a listener of role preview",
    "a preview, never stored: it has the hash of an editor's session",
    "a preview, never stored: live_preview is init, with a preview token and a timeline",
    "a preview, never stored: it has a preview token, and preview.strict_token is set",
    "a preview, never stored: it has a preview token and no other credential",
    "a path of the delivery API that may be stored",
    "passed to the origin, never stored: no path that larder stores",
    "passed to the origin, never stored: it selects a release or a moment",
    "passed to the origin, never stored: it has management credentials",
    "in open mode the credentials are the scope",
    "the token is one of a configured stack's",
    "only the stack is known: the origin judges the credentials",
    "it is fresh in the store",
    "it is stale, and goes out once more while its refresh runs",
    "it is stale, and goes out only where the origin fails",
    "what is stored is too old for any use",
    "nothing of it is stored",
    "not looked up: the origin has refused this credential",
    "its framing, host, target, sizes or query are not acceptable",
    "it is not GET, HEAD or OPTIONS",
    "it has been here before, as CDN-Loop says",
    "a field of the scope occurs twice, contradicts itself or is unsound",
    "it has management credentials, and preview.allow_authorization is not set",
    "its path is not below /v3",
    "it has no token",
    "it has no api key",
    "its api key is of no configured stack",
    "its token is none of the stack's",
    "its preview token is none of the stack's",
    "its token is not for this environment",
    "its token has no access to this branch",
}};

}  // namespace

std::string_view words_for(Reason reason) {
  return kReasonWords[static_cast<std::size_t>(reason)];
}

std::string_view words_for_detail(std::string_view detail) {
  const auto* const found =
      std::find_if(kDetails.begin(), kDetails.end(),
                   [detail](const DetailRow& row) { return row.detail == detail; });
  return found == kDetails.end() ? std::string_view{} : found->words;
}

std::string why_line(std::string_view outcome, Reason reason, std::string_view detail) {
  std::string line(outcome);
  const auto add = [&line](std::string_view mark, std::string_view words, std::string_view name) {
    if (!words.empty()) line.append(mark).append(words).append(" (").append(name).append(")");
  };
  if (reason != Reason::none) add(": ", words_for(reason), name_of(reason));
  if (!detail.empty()) {
    add(reason == Reason::none ? ": " : "; ", words_for_detail(detail), detail);
  }
  return line;
}

}  // namespace larder
