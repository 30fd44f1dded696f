// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "conf/base/result.h"
#include "conf/config.h"

/// Addresses to listen on and base URLs of origins, from their texts. Pure: no name is looked up.
/// The contexts of errors say what was expected, in a form that follows "must be".
namespace larder {

/// "127.0.0.1:8080", "[::1]:8080" or "unix:/run/larder/larder.sock".
Result<ListenAddress> parse_listen_address(std::string_view text);

/// May clients on the public internet reach it: a public address, or all of the machine's?
bool is_public(const ListenAddress& address);

/// The same form back.
std::string address_text(const ListenAddress& address);

/// Would binding one of them get in the way of the other? 0.0.0.0 and [::] hold all addresses of
/// their own family; port 0 is never the same port.
bool addresses_overlap(const ListenAddress& a, const ListenAddress& b);

/// `https://host[:port]` or `http://host[:port]`, nothing behind it; comes back in lower case.
Result<std::string> parse_base_url(std::string_view text);

/// Is the host of this base URL "localhost" or an IP literal that is not public
/// (is_private_address())? Other names may still lead to such an address.
bool names_private_host(std::string_view base_url);

}  // namespace larder
