// SPDX-License-Identifier: Apache-2.0
#include "conf/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "conf/address_range.h"

namespace larder {
namespace {

constexpr const char* kListenForms =
    "\"IP:PORT\" like \"127.0.0.1:8080\", \"[IPv6]:PORT\" like \"[::1]:8080\" or "
    "\"unix:/PATH\" like \"unix:/run/larder/larder.sock\"";
constexpr const char* kUrlForm =
    "https://HOST or https://HOST:PORT, without a path, a user or a trailing slash";
constexpr std::size_t kMaxHostBytes = 253;

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

/// In network order; 4 or 16 bytes. Empty = no IP literal.
std::string ip_bytes(std::string_view text) {
  const std::string literal(text);
  std::array<char, sizeof(in6_addr)> bytes{};
  if (::inet_pton(AF_INET, literal.c_str(), bytes.data()) == 1) return {bytes.data(), 4};
  if (::inet_pton(AF_INET6, literal.c_str(), bytes.data()) == 1) return {bytes.data(), 16};
  return {};
}

struct HostPort {
  std::string_view host;  ///< without brackets
  std::string_view port;  ///< empty = none given
  bool bracketed = false;
};

/// "host", "host:port", "[v6]", "[v6]:port".
std::optional<HostPort> split_host_port(std::string_view text) {
  HostPort parts;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == text.npos) return std::nullopt;
    parts.host = text.substr(1, close - 1);
    parts.bracketed = true;
    text.remove_prefix(close + 1);
  } else {
    const std::size_t colon = text.find(':');
    parts.host = text.substr(0, colon);
    text.remove_prefix(colon == text.npos ? text.size() : colon);
  }
  if (text.empty()) return parts;
  if (text.size() < 2 || text[0] != ':') return std::nullopt;
  parts.port = text.substr(1);
  return parts;
}

bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > kMaxHostBytes || host.front() == '.' || host.front() == '-') {
    return false;
  }
  for (const char c : host) {
    const bool allowed =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    if (!allowed) return false;
  }
  return host.find("..") == host.npos;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool is_wildcard(const std::string& bytes) {
  return bytes.find_first_not_of('\0') == std::string::npos;
}

Result<ListenAddress> parse_unix(std::string_view path) {
  if (!path.starts_with('/') || path.size() >= sizeof(sockaddr_un::sun_path)) {
    return fail(Error::Code::invalid, "an absolute path of at most " +
                                          std::to_string(sizeof(sockaddr_un::sun_path) - 1) +
                                          " bytes behind \"unix:\"");
  }
  return ListenAddress{ListenAddress::Family::unix_socket, std::string(path), 0};
}

/// What else stands there may be the password of an address.
std::string not_this(std::string_view port) {
  constexpr std::size_t kMostDigits = 8;
  const bool is_number =
      port.size() <= kMostDigits && !port.empty() &&
      std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? ", not \"" + std::string(port) + "\"" : std::string();
}

}  // namespace

Result<ListenAddress> parse_listen_address(std::string_view text) {
  if (text.starts_with("unix:")) return parse_unix(text.substr(5));
  const auto parts = split_host_port(text);
  const auto port = parts ? parse_port(parts->port) : std::nullopt;
  const std::string ip = parts ? ip_bytes(parts->host) : "";
  if (!port && !ip.empty() && !parts->port.empty()) {
    return fail(Error::Code::invalid,
                "a port of 0 to 65535 behind the last colon" + not_this(parts->port));
  }
  if (!port || ip.empty() || parts->bracketed != (ip.size() == 16)) {
    return fail(Error::Code::invalid, kListenForms);
  }
  return ListenAddress{ListenAddress::Family::tcp, std::string(parts->host), *port};
}

bool is_public(const ListenAddress& address) {
  if (address.family == ListenAddress::Family::unix_socket) return false;
  const std::string ip = ip_bytes(address.host);
  return is_wildcard(ip) ||
         !is_private_address({reinterpret_cast<const std::uint8_t*>(ip.data()), ip.size()});
}

std::string address_text(const ListenAddress& address) {
  if (address.family == ListenAddress::Family::unix_socket) return "unix:" + address.host;
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

bool addresses_overlap(const ListenAddress& a, const ListenAddress& b) {
  if (a.family != b.family) return false;
  if (a.family == ListenAddress::Family::unix_socket) return a.host == b.host;
  if (a.port != b.port || a.port == 0) return false;
  const std::string ip_a = ip_bytes(a.host);
  const std::string ip_b = ip_bytes(b.host);
  return ip_a.size() == ip_b.size() && (ip_a == ip_b || is_wildcard(ip_a) || is_wildcard(ip_b));
}

Result<std::string> parse_base_url(std::string_view text) {
  const std::string url = lower_case(text);
  std::string_view rest = url;
  const std::size_t scheme = rest.starts_with("https://") ? 8 : rest.starts_with("http://") ? 7 : 0;
  rest.remove_prefix(scheme);
  const auto parts = split_host_port(rest);
  if (scheme == 0 || !parts) return fail(Error::Code::invalid, kUrlForm);
  const bool host_ok =
      parts->bracketed ? ip_bytes(parts->host).size() == 16 : is_host_name(parts->host);
  const bool port_ok = parts->port.empty() || parse_port(parts->port).value_or(0) > 0;
  if (host_ok && !port_ok) {
    return fail(Error::Code::invalid,
                "a port of 1 to 65535 behind the host" + not_this(parts->port));
  }
  if (!host_ok || !port_ok) return fail(Error::Code::invalid, kUrlForm);
  return url;
}

bool names_private_host(std::string_view base_url) {
  const std::size_t scheme = base_url.find("://");
  if (scheme == base_url.npos) return false;
  const auto parts = split_host_port(base_url.substr(scheme + 3));
  if (!parts) return false;
  if (parts->host == "localhost" || parts->host.ends_with(".localhost")) return true;
  const std::string ip = ip_bytes(parts->host);
  if (ip.empty()) return false;
  return is_private_address({reinterpret_cast<const std::uint8_t*>(ip.data()), ip.size()});
}

}  // namespace larder
