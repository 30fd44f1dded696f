// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/admin_access.h"

#include <unistd.h>

#include "conf/base/octets.h"

namespace larder {
namespace {

AdminAccess by_token(const AdminAsker& asker, const AdminConfig& config) {
  if (asker.shows_token) return AdminAccess::granted;
  return config.purge_tokens.empty() ? AdminAccess::no_token_is_set : AdminAccess::token_wanted;
}

AdminAccess to_figures(const AdminAsker& asker, const AdminConfig& config) {
  const AdminAccess access = by_token(asker, config);
  if (!config.page || access == AdminAccess::granted) return access;
  if (!asker.names_host) return AdminAccess::granted;
  return config.purge_tokens.empty() ? AdminAccess::foreign_name : AdminAccess::token_wanted;
}

}  // namespace

AdminAccess admin_access(std::string_view path, const AdminAsker& asker,
                         const AdminConfig& config) {
  const bool rules = path == "/reload" || path == "/drain" || path == "/snapshot";
  if (rules && asker.trusted && !asker.owns) return AdminAccess::owner_only;
  if (asker.trusted || path == "/healthz" || path == "/metrics") return AdminAccess::granted;
  if (path == "/purge") return by_token(asker, config);
  if (path == "/status" || path == "/events" || path == "/top") return to_figures(asker, config);
  // The page itself holds no figures: it asks for the token.
  const bool has_page = config.page || !config.purge_tokens.empty();
  return path == "/" && has_page ? AdminAccess::granted : AdminAccess::socket_only;
}

bool may_rule(std::optional<unsigned> user) {
  return user && (*user == 0 || *user == ::geteuid());
}

bool bears_token(const RequestView& request, const std::vector<Secret>& tokens) {
  constexpr std::string_view kScheme = "bearer ";
  std::string_view shown;
  std::size_t times = 0;
  for (const auto& header : request.headers) {
    if (!equals_ignoring_case(header.name, "authorization")) continue;
    ++times;
    if (equals_ignoring_case(header.value.substr(0, kScheme.size()), kScheme)) {
      shown = header.value.substr(kScheme.size());
    }
  }
  bool found = false;
  for (const Secret& token : tokens) found = token.equals(shown) || found;
  return found && times == 1 && !shown.empty();
}

bool is_foreign_name(std::string_view host) {
  if (host.empty() || host.front() == '[') return false;  // none, or an IPv6 address
  std::string_view name = host.substr(0, host.find(':'));
  if (name.ends_with('.')) name.remove_suffix(1);
  const auto dot = name.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? name : name.substr(dot + 1);
  if (equals_ignoring_case(last, "localhost")) return false;
  // What ends in a number is an IPv4 address to every browser (URL standard, "ends in a number").
  return last.empty() || last.find_first_not_of("0123456789") != std::string_view::npos;
}

}  // namespace larder
