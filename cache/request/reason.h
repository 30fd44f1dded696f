// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "cache/http/freshness.h"

namespace larder {

/// Why a step of a request's plan came out as it did. The access log prints the words; they are
/// stable, so that operators may count lines by them.
enum class Reason : std::uint8_t {
  none,  ///< the step was not reached
  // The route:
  options,              ///< an OPTIONS request: a CORS preflight
  preview_listener,     ///< a preview: it came to a listener of role `preview`
  preview_hash,         ///< a preview: it has the hash of an editor's session
  preview_init,         ///< a preview: `init`, a preview token and a timeline selector
  preview_strict,       ///< a preview: preview.strict_token is set and it has a preview token
  preview_token_alone,  ///< a preview: it has a preview token and no other credential
  cached_path,          ///< may be stored: a known path of the delivery API
  uncached_path,        ///< passed: another path below /v3
  timeline,             ///< passed: it selects a release or a moment
  authorization,        ///< passed: it has management credentials, and they are allowed
  // The scope:
  open_scope,        ///< open mode: the credentials are the scope
  configured_scope,  ///< one of a configured stack
  unproven_scope,    ///< only the stack is known: the origin judges the management credentials
  // The store:
  fresh,
  stale_while_revalidate,
  stale_if_error,       ///< stored, usable if the origin fails
  expired,              ///< stored, too old for any use
  absent,               ///< not stored
  credential_rejected,  ///< not looked up: the origin refused this credential
  // A refusal:
  malformed,              ///< framing, host, target, sizes or the query are not acceptable
  method,                 ///< not GET, HEAD or OPTIONS
  looped,                 ///< it has been here before
  ambiguous_field,        ///< a field of the scope occurs twice, contradicts itself or is unsound
  management_credential,  ///< and preview.allow_authorization is not set
  no_api_path,            ///< not below /v3
  no_token,
  no_api_key,
  unknown_stack,
  unknown_token,
  unknown_preview_token,
  other_environment,  ///< the token is not for this environment
  other_branch,       ///< the token has no access to this branch
};
inline constexpr std::size_t kReasons = static_cast<std::size_t>(Reason::other_branch) + 1;

/// Static text, lower case with hyphens; "-" for none.
const char* name_of(Reason reason);

/// Of an object that is stored.
Reason reason_of(Freshness freshness);

}  // namespace larder
