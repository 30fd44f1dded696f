// SPDX-License-Identifier: Apache-2.0
#include "upstream/curl_options.h"

#include <netinet/in.h>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include "conf/address_range.h"

namespace larder {
namespace {

bool is_private(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    std::array<std::uint8_t, 4> octets{};
    std::memcpy(octets.data(), &reinterpret_cast<const sockaddr_in&>(address).sin_addr,
                octets.size());
    return is_private_address(octets);
  }
  if (address.sa_family != AF_INET6) return true;
  return is_private_address(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr.s6_addr);
}

/// Nothing of the environment counts: neither is a proxy taken from there, nor an exception. The
/// origin's bytes are the same with a proxy as without: http:// goes through a tunnel as well.
void set_proxy_options(CURL* easy, const UpstreamConfig& config) {
  const ProxyConfig& proxy = config.proxy;
  curl_easy_setopt(easy, CURLOPT_PROXY, proxy.url.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, proxy.url.empty() ? "*" : "");
  if (proxy.url.empty()) return;
  curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
  if (!config.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, config.ca_file.c_str());
  }
  const std::string_view credentials = proxy.credentials.reveal();
  if (credentials.empty()) return;
  const auto colon = credentials.find(':');
  const Secret user(std::string(credentials.substr(0, colon)));
  const Secret password(std::string(credentials.substr(colon + 1)));
  curl_easy_setopt(easy, CURLOPT_PROXYUSERNAME, user.reveal().data());
  curl_easy_setopt(easy, CURLOPT_PROXYPASSWORD, password.reveal().data());
}

}  // namespace

void set_way_options(CURL* easy, const UpstreamConfig& config) {
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, config.allow_plain_http ? "http,https" : "https");
  // larder speaks HTTP/1.1 to origins; nothing else is offered in TLS.
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!config.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, config.ca_file.c_str());
  set_proxy_options(easy, config);
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
}

bool may_connect(const UpstreamConfig& config, const sockaddr& address) {
  return config.allow_private_addresses || !config.proxy.url.empty() || !is_private(address);
}

}  // namespace larder
