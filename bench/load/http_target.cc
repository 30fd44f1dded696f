// SPDX-License-Identifier: Apache-2.0
#include "bench/load/http_target.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

#include "bench/run/command.h"

namespace larder::bench {
namespace {

[[noreturn]] void refuse(std::string_view url, const char* what) {
  throw UsageError("not a usable URL: " + std::string(url) + ": " + what);
}

Endpoint resolve(std::string_view url, const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int code = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &list);
  if (code != 0) refuse(url, ::gai_strerror(code));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, ::freeaddrinfo);
  Endpoint made;
  std::memcpy(&made.address, list->ai_addr, list->ai_addrlen);
  made.length = list->ai_addrlen;
  return made;
}

}  // namespace

HttpTarget parse_url(std::string_view url) {
  constexpr std::string_view scheme = "http://";
  if (!url.starts_with(scheme)) refuse(url, "it must begin with http://");
  const std::string_view rest = url.substr(scheme.size());
  const std::size_t slash = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, slash);
  std::string_view host = authority;
  std::string_view port = "80";
  const std::size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  unsigned number = 0;
  const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (problem != std::errc() || end != port.data() + port.size() || number == 0 ||
      number > 65'535) {
    refuse(url, "the port must be 1 to 65535");
  }
  if (host.empty()) refuse(url, "it names no host");
  HttpTarget made;
  made.target = rest.substr(slash);
  if (!made.target.starts_with('/')) made.target.insert(0, "/");
  if (made.target.find_first_of(" \r\n") != std::string::npos) refuse(url, "it has a blank in it");
  made.endpoint = resolve(url, std::string(host), std::string(port));
  made.endpoint.authority = authority;
  return made;
}

Endpoint loopback(std::uint16_t port) {
  Endpoint made;
  auto* const to = reinterpret_cast<sockaddr_in*>(&made.address);
  to->sin_family = AF_INET;
  to->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to->sin_port = htons(port);
  made.length = sizeof *to;
  made.authority = "127.0.0.1:" + std::to_string(port);
  return made;
}

Endpoint unix_endpoint(const std::string& path) {
  Endpoint made;
  auto* const to = reinterpret_cast<sockaddr_un*>(&made.address);
  if (path.empty() || path.size() >= sizeof to->sun_path) {
    throw UsageError("not the path of a unix socket, it must have 1 to 107 bytes: " + path);
  }
  to->sun_family = AF_UNIX;
  path.copy(to->sun_path, path.size());
  made.length = sizeof *to;
  made.authority = "larder";
  return made;
}

std::string header_block(const std::vector<std::string>& headers) {
  std::string block;
  for (const std::string& header : headers) {
    const std::size_t colon = header.find(':');
    const bool named = colon != std::string::npos && colon > 0 && header.find(' ') > colon;
    if (!named || header.find_first_of("\r\n") != std::string::npos) {
      throw UsageError("--header must be 'name: value', this is not: " + header);
    }
    block += header + "\r\n";
  }
  return block;
}

std::string get_request(const Endpoint& endpoint, std::string_view target,
                        std::string_view header_block) {
  std::string text = "GET ";
  text.append(target).append(" HTTP/1.1\r\nHost: ").append(endpoint.authority).append("\r\n");
  return text.append(header_block).append("\r\n");
}

std::string replace_all(std::string text, std::string_view name, std::string_view value) {
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
    text.replace(at, name.size(), value);
    at += value.size();
  }
  return text;
}

}  // namespace larder::bench
