// SPDX-License-Identifier: Apache-2.0
#include "cache/request/reason.h"

#include <array>

namespace larder {
namespace {

struct Row {
  Reason reason;
  const char* words;
};

constexpr std::array<Row, kReasons> kWords{{
    {Reason::none, "-"},
    {Reason::options, "options"},
    {Reason::preview_listener, "preview-listener"},
    {Reason::preview_hash, "preview-hash"},
    {Reason::preview_init, "preview-init"},
    {Reason::preview_strict, "preview-strict-token"},
    {Reason::preview_token_alone, "preview-token-alone"},
    {Reason::cached_path, "cached-path"},
    {Reason::uncached_path, "uncached-path"},
    {Reason::timeline, "timeline"},
    {Reason::authorization, "authorization"},
    {Reason::open_scope, "open-scope"},
    {Reason::configured_scope, "configured-scope"},
    {Reason::unproven_scope, "unproven-scope"},
    {Reason::fresh, "fresh"},
    {Reason::stale_while_revalidate, "stale-while-revalidate"},
    {Reason::stale_if_error, "stale-if-error"},
    {Reason::expired, "expired"},
    {Reason::absent, "absent"},
    {Reason::credential_rejected, "credential-rejected"},
    {Reason::malformed, "malformed"},
    {Reason::method, "method"},
    {Reason::looped, "looped"},
    {Reason::ambiguous_field, "ambiguous-field"},
    {Reason::management_credential, "management-credential"},
    {Reason::no_api_path, "no-api-path"},
    {Reason::no_token, "no-token"},
    {Reason::no_api_key, "no-api-key"},
    {Reason::unknown_stack, "unknown-stack"},
    {Reason::unknown_token, "unknown-token"},
    {Reason::unknown_preview_token, "unknown-preview-token"},
    {Reason::other_environment, "other-environment"},
    {Reason::other_branch, "other-branch"},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kReasons; ++i) {
    if (kWords[i].reason != static_cast<Reason>(i)) return false;
  }
  return true;
}
static_assert(in_order());

}  // namespace

const char* name_of(Reason reason) {
  return kWords[static_cast<std::size_t>(reason)].words;
}

Reason reason_of(Freshness freshness) {
  switch (freshness) {
    case Freshness::fresh:
      return Reason::fresh;
    case Freshness::stale_revalidate:
      return Reason::stale_while_revalidate;
    case Freshness::stale_if_error:
      return Reason::stale_if_error;
    case Freshness::expired:
      break;
  }
  return Reason::expired;
}

}  // namespace larder
