// SPDX-License-Identifier: Apache-2.0
#include <sys/un.h>

#include <algorithm>
#include <cstdio>

#include "conf/address.h"
#include "conf/base/field_table.h"
#include "conf/base/octets.h"
#include "conf/config_value.h"
#include "conf/instance.h"

/// What the texts of the configuration file must look like.
namespace larder {
namespace {

constexpr std::size_t kMaxNameBytes = 256;

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

bool is_visible(char c) {
  return c > 0x20 && c < 0x7F;
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameBytes && text.front() != ' ' &&
         text.back() != ' ' && std::none_of(text.begin(), text.end(), is_control);
}

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameBytes &&
         std::all_of(text.begin(), text.end(), is_visible);
}

bool is_api_key(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameBytes &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alphanumeric(c) || c == '_' || c == '-'; });
}

bool is_absolute_path(std::string_view text) {
  return text.starts_with('/') && std::none_of(text.begin(), text.end(), is_control);
}

bool is_socket_path(std::string_view text) {
  return text.empty() || (is_absolute_path(text) && text.size() < sizeof(sockaddr_un::sun_path));
}

bool is_access_log_target(std::string_view text) {
  return text.empty() || text == "stdout" || text == "stderr" || is_absolute_path(text);
}

bool is_path_or_empty(std::string_view text) {
  return text.empty() || is_absolute_path(text);
}

bool is_forwardable_header(std::string_view text) {
  const auto in_name = [](char c) { return is_alphanumeric(c) || c == '_' || c == '-'; };
  return !text.empty() && text.size() <= kMaxNameBytes &&
         std::all_of(text.begin(), text.end(), in_name) && is_forwardable(text);
}

bool is_instance_id(std::string_view text) {
  return text.empty() || is_instance_word(text);
}

bool is_proxy_url(std::string_view text) {
  constexpr std::string_view kSocks = "socks5h://";
  if (text.empty()) return true;
  std::string url(text);
  if (text.starts_with(kSocks)) url.replace(0, kSocks.size(), "http://");
  const std::size_t port = url.rfind(':');  // without one libcurl takes 1080
  return port > url.find("//") && url.find(']', port) == url.npos && parse_base_url(url);
}

/// As it stands in a request: nothing in it is encoded, and there is no query.
bool is_url_path(std::string_view text) {
  return text.starts_with('/') && text.size() <= kMaxNameBytes && all_octets(text, kPathChar);
}

/// Of http or https, with a path and without user, query and fragment.
bool is_url_or_empty(std::string_view text) {
  if (text.empty()) return true;
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos || text.size() > kMaxNameBytes) return false;
  const std::size_t path = text.find('/', scheme + 3);
  return path != std::string_view::npos && is_url_path(text.substr(path)) &&
         parse_base_url(std::string(text.substr(0, path)));
}

/// HOST:PORT, where HOST is a name, an IPv4 address or an IPv6 one in brackets, or unix:/PATH.
bool is_bus_address_or_empty(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  if (text.empty()) return true;
  if (text.starts_with(kUnix)) return is_socket_path(text.substr(kUnix.size())) && text != kUnix;
  const std::size_t port = text.rfind(':');
  if (port == text.npos || port + 1 == text.size() || text.find('/') != text.npos) return false;
  return parse_base_url("http://" + std::string(text)).has_value();
}

bool is_bus_word(std::string_view text) {
  const auto visible = [](char c) { return c > 0x20 && c < 0x7F; };
  return !text.empty() && text.size() <= kMaxNameBytes &&
         std::all_of(text.begin(), text.end(), visible);
}

bool is_bus_word_or_empty(std::string_view text) {
  return text.empty() || is_bus_word(text);
}

bool is_header_name_or_empty(std::string_view text) {
  return text.size() <= kMaxNameBytes && all_octets(text, kTokenChar);
}

}  // namespace

const TextForm kAbsolutePath = {is_absolute_path, "an absolute path"};
const TextForm kAbsolutePathOrNone = {is_path_or_empty, "an absolute path, or \"\" for none"};
const TextForm kSocketPath = {is_socket_path,
                              "an absolute path of at most 107 bytes, or \"\" for none"};
const TextForm kAccessLogTarget = {is_access_log_target,
                                   "\"stdout\", \"stderr\", an absolute path, or \"\" for none"};
const TextForm kApiKey = {is_api_key, "the stack's API key: letters and digits, like \"blt...\""};
const TextForm kEnvironmentName = {is_name, "the environment's name as Contentstack shows it"};
const TextForm kBranchName = {is_word, "the uid of a branch or alias, like \"main\""};
const TextForm kForwardableHeader = {
    is_forwardable_header,
    "the name of a header that larder and HTTP have no use for of their own"};

const TextForm kInstanceId = {is_instance_id,
                              "up to 64 letters, digits and `-` `_` `.`, or \"\" for one that is "
                              "drawn at the start"};
const TextForm kProxyUrl = {is_proxy_url,
                            "http://HOST:PORT, https://HOST:PORT or socks5h://HOST:PORT, without "
                            "user and password, or \"\" for none",
                            false};
const TextForm kUrlPath = {is_url_path, "a path that begins with / and has no query"};
const TextForm kUrlOrNone = {is_url_or_empty, "https://HOST/PATH, or \"\" for none"};
const TextForm kBusAddressOrNone = {is_bus_address_or_empty,
                                    "HOST:PORT or unix:/PATH, or \"\" for none"};
const TextForm kBusWord = {is_bus_word, "a word without blanks"};
const TextForm kBusWordOrNone = {is_bus_word_or_empty, "a word without blanks, or \"\" for none"};
const TextForm kHeaderNameOrNone = {is_header_name_or_empty,
                                    "the name of a header, or \"\" for none; its values belong in "
                                    "secret_header_values",
                                    false};

}  // namespace larder
