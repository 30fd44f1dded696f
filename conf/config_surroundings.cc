// SPDX-License-Identifier: Apache-2.0
#include "conf/config_surroundings.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "conf/address.h"
#include "conf/base/clock.h"
#include "conf/base/fd.h"
#include "conf/base/private_file.h"
#include "conf/log_target.h"
#include "conf/signing_key.h"
#include "conf/tls_certificate.h"
#include "conf/units.h"

namespace larder {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxCaBytes = 16u << 20;

/// Below these the service manager makes larder's directories at the start (RuntimeDirectory= and
/// LogsDirectory= of the unit): a check before the first start cannot ask for them.
bool is_made_at_start(const std::string& path) {
  return path.starts_with("/run/") || path.starts_with("/var/run/") ||
         path.starts_with("/var/log/larder/");
}

/// `value`: as the file has it, where that is not the path.
void check_directory_of(const std::string& key, const std::string& path,
                        std::vector<Mistake>& mistakes, const std::string& value = {}) {
  if (is_made_at_start(path)) return;
  const std::string directory = fs::path(path).parent_path();
  std::error_code error;
  if (fs::is_directory(directory, error)) return;
  const bool there = fs::exists(directory, error);
  mistakes.push_back(
      {0, key + " " + path + ": " + directory + (there ? " is not a directory" : " does not exist"),
       "make that directory, or name another one", key, value.empty() ? path : value});
}

void check_socket(const std::string& key, const ListenAddress& address,
                  std::vector<Mistake>& mistakes) {
  const std::string& path = address.host;
  const std::string value = key == "admin.socket" ? path : address_text(address);
  check_directory_of(key, path, mistakes, value);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || S_ISSOCK(status.st_mode)) return;
  mistakes.push_back({0, key + " " + path + " is there and is not a socket",
                      "remove it, or name another path", key, value});
}

void check_access_log(const std::string& text, std::vector<Mistake>& mistakes) {
  const auto target = log_target(text);
  if (!target) {
    mistakes.push_back(
        {0, target.error().context, "name a file, \"stdout\" or \"stderr\"", "log.access_log"});
  } else if (target->kind == LogTarget::Kind::file) {
    check_directory_of("log.access_log", target->path, mistakes);
  }
}

/// The cache's own directory is made at the start, those above it are not.
void check_cache(const CacheConfig& cache, std::vector<Mistake>& mistakes) {
  std::error_code error;
  std::string place = cache.path;
  if (!fs::exists(place, error)) {
    check_directory_of("cache.path", cache.path, mistakes);
    place = fs::path(place).parent_path();
  } else if (!fs::is_directory(place, error)) {
    mistakes.push_back(
        {0, "cache.path " + place + " is not a directory", "name a directory", "cache.path"});
  }
  struct statvfs disk {};
  if (::statvfs(place.c_str(), &disk) != 0) return;
  const Bytes whole = static_cast<Bytes>(disk.f_blocks) * disk.f_frsize;
  if (whole == 0 || cache.size <= whole) return;
  mistakes.push_back({0,
                      "cache.size is " + size_text(cache.size) + ", and the whole disk of " +
                          place + " has " + size_text(whole >> 20 << 20),
                      "lower it, or set cache.path to a larger disk", "cache.size"});
}

/// Whether this host has the address: a socket of another kind, on no certain port, may be bound to
/// it.
bool host_has(const ListenAddress& address) {
  sockaddr_storage name{};
  socklen_t length = sizeof(sockaddr_in);
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&name);
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&name);
  if (::inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
    name.ss_family = AF_INET;
  } else if (::inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr) == 1) {
    name.ss_family = AF_INET6;
    length = sizeof(sockaddr_in6);
  } else {
    return true;  // not for this check to judge
  }
  const Fd socket(::socket(name.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno != EAFNOSUPPORT;
  return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), length) == 0 ||
         errno != EADDRNOTAVAIL;
}

struct NamedAddress {
  const char* key;
  ListenAddress address;
};

std::vector<NamedAddress> tcp_addresses(const Config& config) {
  std::vector<NamedAddress> addresses;
  const auto add = [&](const char* key, const ListenAddress& address) {
    if (address.family == ListenAddress::Family::tcp) addresses.push_back({key, address});
  };
  for (const ListenAddress& address : config.admin.metrics) add("admin.metrics", address);
  for (const ListenAddress& address : config.webhook.listen) add("webhook.listen", address);
  for (const ListenerConfig& listener : config.listeners) add("listener.address", listener.address);
  return addresses;
}

/// The first port that needs no rights; 0 = none does.
int first_free_port() {
  int port = 1'024;
  std::ifstream("/proc/sys/net/ipv4/ip_unprivileged_port_start") >> port;
  return port;
}

}  // namespace

std::vector<Mistake> check_surroundings(const Config& config) {
  std::vector<Mistake> mistakes;
  for (const ListenerConfig& listener : config.listeners) {
    if (listener.address.family != ListenAddress::Family::unix_socket) continue;
    check_socket("listener.address", listener.address, mistakes);
  }
  if (!config.admin.socket.empty()) {
    check_socket("admin.socket", {ListenAddress::Family::unix_socket, config.admin.socket, 0},
                 mistakes);
  }
  for (const ListenAddress& address : config.webhook.listen) {
    if (address.family == ListenAddress::Family::unix_socket)
      check_socket("webhook.listen", address, mistakes);
  }
  for (const auto& [key, address] : tcp_addresses(config)) {
    if (host_has(address)) continue;
    mistakes.push_back(
        {0, "cannot listen on " + address_text(address) + ": this host has no such address",
         "give one that it has, or 0.0.0.0 or [::] for all of them", key, address_text(address)});
  }
  for (Mistake& mistake : check_tls_files(config, wall_now())) {
    mistakes.push_back(std::move(mistake));
  }
  check_access_log(config.log.access_log, mistakes);
  check_cache(config.cache, mistakes);
  return mistakes;
}

std::vector<Mistake> check_ca_file(const std::string& path) {
  constexpr const char* kRemedy = "give a readable PEM file, or leave it out for the system's";
  if (path.empty()) return {};
  const auto content = read_regular_file(path, kMaxCaBytes);
  if (!content) {
    const std::string& why = content.error().context;
    return {{0, "upstream.ca_file " + why.substr(0, why.find("; ")), kRemedy, "upstream.ca_file"}};
  }
  // "-----BEGIN CERTIFICATE-----" and "-----BEGIN TRUSTED CERTIFICATE-----".
  const bool has_one = content->bytes.find("-----BEGIN ") != std::string::npos &&
                       content->bytes.find("CERTIFICATE-----") != std::string::npos;
  if (has_one) return {};
  return {{0,
           "upstream.ca_file " + path +
               (content->bytes.empty() ? " is empty" : " holds no certificate in PEM form"),
           kRemedy, "upstream.ca_file"}};
}

std::vector<Mistake> check_public_key_file(const std::string& path) {
  if (path.empty()) return {};
  const auto keys = read_signing_keys(path);
  if (keys) return {};
  const std::string& why = keys.error().context;
  const std::size_t end = why.find("; ");
  return {{0, "webhook.public_key_file " + why.substr(0, end),
           end == std::string::npos ? "give the key of the CMS in a readable PEM file"
                                    : why.substr(end + 2),
           "webhook.public_key_file"}};
}

std::vector<std::string> only_for_service(const Config& config) {
  std::vector<std::string> warnings = tls_keys_of_root_alone(config);
  std::vector<std::string> paths{config.admin.socket, config.log.access_log};
  for (const ListenerConfig& listener : config.listeners) {
    if (listener.address.family == ListenAddress::Family::unix_socket)
      paths.push_back(listener.address.host);
  }
  for (const ListenAddress& address : config.webhook.listen) {
    if (address.family == ListenAddress::Family::unix_socket) paths.push_back(address.host);
  }
  for (const std::string& path : paths) {
    const std::string directory = fs::path(path).parent_path();
    std::error_code error;
    if (!is_made_at_start(path) || fs::is_directory(directory, error)) continue;
    warnings.push_back(directory +
                       " is not there yet: larderd.service has it made at its start "
                       "(RuntimeDirectory=, LogsDirectory=); make it yourself for another start");
  }
  for (const auto& [key, address] : tcp_addresses(config)) {
    if (address.port == 0 || address.port >= first_free_port()) continue;
    warnings.push_back(
        "only root may listen on " + address_text(address) +
        ": larderd.service may not, unless larderd.socket opens it; or give a higher port");
  }
  return warnings;
}

std::vector<std::string> warnings_of(const Config& config) {
  std::vector<std::string> warnings = tls_warnings_of(config, wall_now());
  for (const ListenAddress& address : config.webhook.listen) {
    if (!config.webhook.allow_unverified) break;
    warnings.push_back("webhook.allow_unverified: whoever reaches " + address_text(address) +
                       " can purge what they like");
  }
  if (!config.open_mode()) return warnings;
  for (const ListenerConfig& listener : config.listeners) {
    if (!is_public(listener.address)) continue;
    warnings.push_back("open mode on " + address_text(listener.address) +
                       ", which others may reach: any token of any stack is let in; add a "
                       "[[stack]], or listen on a private address");
  }
  return warnings;
}

}  // namespace larder
