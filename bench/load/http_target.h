// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What a benchmark asks for, and of whom.
namespace larder::bench {

struct Endpoint {
  sockaddr_storage address{};
  socklen_t length = 0;
  std::string authority;  ///< for Host
};

/// `http://HOST[:PORT]/TARGET`
struct HttpTarget {
  Endpoint endpoint;
  std::string target;  ///< path and query, at least "/"
};

/// Throws UsageError with what is wrong.
HttpTarget parse_url(std::string_view url);
Endpoint loopback(std::uint16_t port);
/// A unix socket; throws UsageError for a path that is too long for one.
Endpoint unix_endpoint(const std::string& path);

/// `name: value` lines as given by --header; throws UsageError for any other form.
std::string header_block(const std::vector<std::string>& headers);

std::string get_request(const Endpoint& endpoint, std::string_view target,
                        std::string_view header_block);

/// `text` with every `{name}` replaced.
std::string replace_all(std::string text, std::string_view name, std::string_view value);

}  // namespace larder::bench
