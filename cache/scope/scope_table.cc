// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cache/request/request_fields.h"
#include "cache/scope/scope_identity.h"
#include "cache/scope/scope_memo.h"
#include "cache/scope/scope_table.h"

namespace larder {
namespace {

constexpr std::size_t kMaxConfiguredScopes = 4'096;

constexpr Refusal kUnknownStack{
    412,       109,   "The api_key names no stack that is configured here.",
    "api_key", false, Reason::unknown_stack};
constexpr Refusal kUnknownToken{401,
                                105,
                                "The access_token is not one of this stack's.",
                                "access_token",
                                false,
                                Reason::unknown_token};
constexpr Refusal kUnknownPreviewToken{401,
                                       105,
                                       "The preview_token is not one of this stack's.",
                                       "preview_token",
                                       false,
                                       Reason::unknown_preview_token};
constexpr Refusal kWrongEnvironment{
    422,
    141,
    "The environment is not the one that this access_token belongs to.",
    "access_token",
    false,
    Reason::other_environment};
constexpr Refusal kWrongBranch{422,      901,   "The access_token has no access to this branch.",
                               "branch", false, Reason::other_branch};

/// Looks at every token, so that time tells neither which one matched nor how far.
bool lists(const std::vector<Secret>& tokens, std::string_view token) {
  bool found = false;
  for (const Secret& known : tokens) {
    const bool same = known.equals(token);
    found = found || same;
  }
  return found && !token.empty();
}

bool allows(const ScopeConfig& scope, std::string_view branch) {
  return scope.branches.empty() ||
         std::find(scope.branches.begin(), scope.branches.end(), branch) != scope.branches.end();
}

/// The configured scope of the request, or why there is none. A token may be listed under several
/// environments: the request's own wins, or the first one when it names none.
std::variant<const ScopeConfig*, Refusal> find_scope(const StackConfig& stack,
                                                     const RequestFields& fields) {
  const ScopeConfig* found = nullptr;
  bool token_known = false;
  bool environment_known = false;
  for (const ScopeConfig& scope : stack.scopes) {
    if (!lists(scope.delivery_tokens, fields.access_token)) continue;
    token_known = true;
    const bool fits = scope.environment.empty() || fields.environment.empty() ||
                      scope.environment == fields.environment;
    if (!fits) continue;
    environment_known = true;
    if (found == nullptr && allows(scope, fields.branch)) found = &scope;
  }
  if (found != nullptr) return found;
  if (!token_known) return kUnknownToken;
  return environment_known ? kWrongBranch : kWrongEnvironment;
}

void write_tuple(const RequestFields& fields, std::string& out) {
  out.clear();
  for (const FieldId id : fields_with<kOfScope>()) append_scope_part(fields.*member_of(id), out);
}

}  // namespace

struct ScopeTable::Impl {
  Impl(const Config& from, const InstallSecret& install_secret)
      : config(from),
        secret(install_secret),
        memo(install_secret, from.open_mode() ? from.open.max_scopes : kMaxConfiguredScopes) {}

  const StackConfig* find_stack(std::string_view api_key) const {
    for (const StackConfig& stack : config.stacks) {
      if (stack.api_key == api_key && !api_key.empty()) return &stack;
    }
    return nullptr;
  }

  /// `use` and `token` name the scope: see scope_identity.h.
  std::shared_ptr<const Scope> make(const Hosts& hosts, const RequestFields& fields,
                                    std::string_view environment, const char* use,
                                    std::string_view token, bool is_listed = false) const {
    auto scope = std::make_shared<Scope>();
    scope->delivery_host = hosts.delivery;
    scope->preview_host = hosts.preview;
    scope->api_key = fields.api_key;
    scope->environment = environment;
    scope->branch = fields.branch;
    scope->is_listed = is_listed;
    scope->mac =
        scope_mac(secret, use, {hosts.delivery, fields.api_key, token, environment, fields.branch});
    scope->credential =
        scope_mac(secret, "larder credential 1",
                  {fields.api_key, fields.access_token, environment, fields.branch});
    scope->bearer = scope_mac(secret, "larder bearer 1", {fields.api_key, fields.access_token});
    return scope;
  }

  std::variant<ProvenScope, Refusal> prove(const RequestFields& fields) const;

  const Config& config;
  const InstallSecret secret;
  ScopeMemo memo;
  std::string tuple;  ///< kept for its capacity
};

std::variant<ProvenScope, Refusal> ScopeTable::Impl::prove(const RequestFields& fields) const {
  if (config.open_mode()) {
    return ProvenScope{make(config.open.hosts, fields, fields.environment, "larder open scope 1",
                            fields.access_token),
                       Reason::open_scope};
  }
  const StackConfig* stack = find_stack(fields.api_key);
  if (stack == nullptr) return kUnknownStack;
  if (fields.access_token.empty() && (!fields.authorization.empty() || !fields.authtoken.empty())) {
    // Passed, never stored: only the hosts count, the origin judges the credential.
    return ProvenScope{make(stack->hosts, fields, fields.environment, "larder passed 1", {}),
                       Reason::unproven_scope};
  }
  const auto found = find_scope(*stack, fields);
  if (const Refusal* refusal = std::get_if<Refusal>(&found)) return *refusal;
  const ScopeConfig& scope = *std::get<const ScopeConfig*>(found);
  const std::string_view environment =
      fields.environment.empty() ? std::string_view(scope.environment) : fields.environment;
  const bool is_listed =
      !scope.environment.empty() && (!scope.branches.empty() || fields.branch == "main");
  // The first token names the scope: adding tokens behind it keeps what is cached.
  return ProvenScope{make(stack->hosts, fields, environment, "larder configured scope 1",
                          scope.delivery_tokens.front().reveal(), is_listed),
                     Reason::configured_scope};
}

ScopeTable::ScopeTable(const Config& config, const InstallSecret& secret)
    : impl_(std::make_unique<Impl>(config, secret)) {}

ScopeTable::~ScopeTable() = default;

std::variant<ProvenScope, Refusal> ScopeTable::resolve(const RequestFields& fields) {
  if (fields.access_token.empty()) return impl_->prove(fields);
  write_tuple(fields, impl_->tuple);
  // With a delivery token the mode alone says how a scope is proven.
  if (auto known = impl_->memo.find(impl_->tuple)) {
    return ProvenScope{std::move(known),
                       impl_->config.open_mode() ? Reason::open_scope : Reason::configured_scope};
  }
  auto proven = impl_->prove(fields);
  if (const auto* found = std::get_if<ProvenScope>(&proven)) {
    impl_->memo.remember(impl_->tuple, found->scope);
  }
  return proven;
}

std::variant<std::string, Refusal> ScopeTable::preview_host(const RequestFields& fields) const {
  if (fields.api_key.empty()) return kUnknownStack;
  if (impl_->config.open_mode()) return impl_->config.open.hosts.preview;
  const StackConfig* stack = impl_->find_stack(fields.api_key);
  if (stack == nullptr) return kUnknownStack;
  bool listed = false;
  bool any_listed = false;
  for (const ScopeConfig& scope : stack->scopes) {
    const bool here = lists(scope.preview_tokens, fields.preview_token);
    listed = listed || here;
    any_listed = any_listed || !scope.preview_tokens.empty();
    if (scope.any_preview_token) return stack->hosts.preview;
  }
  if (!fields.preview_token.empty() && any_listed && !listed) return kUnknownPreviewToken;
  return stack->hosts.preview;
}

}  // namespace larder
