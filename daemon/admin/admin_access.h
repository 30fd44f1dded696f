// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "cache/request/request.h"
#include "conf/base/secret.h"
#include "conf/config.h"

namespace larder {

/// Who asks the admin interface, as far as it decides what they may see.
struct AdminAsker {
  bool trusted = false;      ///< by the unix socket
  bool owns = false;         ///< may_rule(), of the user at its other end
  bool shows_token = false;  ///< one of admin.purge_tokens
  /// The request's Host is a name that anyone's DNS may lead here: a page of another site would
  /// read what it gets.
  bool names_host = false;
};

enum class AdminAccess {
  granted,
  token_wanted,     ///< 401
  no_token_is_set,  ///< 404: it takes a token, and the operator has set none
  foreign_name,     ///< 403: without a token only by an address, or as localhost
  /// 403: what stops or changes the daemon is for who could do so by a signal, and a snapshot,
  /// which holds all content and the install secret, for who can read the cache.
  owner_only,
  socket_only,  ///< 404
};

/// May `asker` have what is at `path`? Of paths that there are not it says what it says of those of
/// the socket. Pure.
AdminAccess admin_access(std::string_view path, const AdminAsker& asker, const AdminConfig& config);

/// Is it root, or the user as whom this process runs? Nothing = nobody knows who it is.
bool may_rule(std::optional<unsigned> user);

/// Does the request's one `Authorization: Bearer` show one of `tokens`? Each is compared, in
/// constant time.
bool bears_token(const RequestView& request, const std::vector<Secret>& tokens);

/// Of a Host field: neither an address nor localhost.
bool is_foreign_name(std::string_view host);

}  // namespace larder
