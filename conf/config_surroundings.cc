// SPDX-License-Identifier: Apache-2.0
#include "conf/config_surroundings.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <filesystem>

#include "conf/address.h"
#include "conf/base/private_file.h"
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

void check_directory_of(const std::string& key, const std::string& path,
                        std::vector<Mistake>& mistakes) {
  if (is_made_at_start(path)) return;
  const std::string directory = fs::path(path).parent_path();
  std::error_code error;
  if (fs::is_directory(directory, error)) return;
  const bool there = fs::exists(directory, error);
  mistakes.push_back(
      {0, key + " " + path + ": " + directory + (there ? " is not a directory" : " does not exist"),
       "make that directory, or name another one"});
}

void check_socket(const std::string& key, const std::string& path, std::vector<Mistake>& mistakes) {
  check_directory_of(key, path, mistakes);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || S_ISSOCK(status.st_mode)) return;
  mistakes.push_back(
      {0, key + " " + path + " is there and is not a socket", "remove it, or name another path"});
}

void check_access_log(const std::string& path, std::vector<Mistake>& mistakes) {
  if (!path.starts_with('/')) return;  // none, or a stream
  check_directory_of("log.access_log", path, mistakes);
  std::error_code error;
  if (!fs::is_directory(path, error)) return;
  mistakes.push_back({0, "log.access_log " + path + " is a directory", "name a file in it"});
}

/// The cache's own directory is made at the start, those above it are not.
void check_cache(const CacheConfig& cache, std::vector<Mistake>& mistakes) {
  std::error_code error;
  std::string place = cache.path;
  if (!fs::exists(place, error)) {
    check_directory_of("cache.path", cache.path, mistakes);
    place = fs::path(place).parent_path();
  } else if (!fs::is_directory(place, error)) {
    mistakes.push_back({0, "cache.path " + place + " is not a directory", "name a directory"});
  }
  struct statvfs disk {};
  if (::statvfs(place.c_str(), &disk) != 0) return;
  const Bytes whole = static_cast<Bytes>(disk.f_blocks) * disk.f_frsize;
  if (whole == 0 || cache.size <= whole) return;
  mistakes.push_back({0,
                      "cache.size is " + size_text(cache.size) + ", and the whole disk of " +
                          place + " has " + size_text(whole >> 20 << 20),
                      "lower it, or set cache.path to a larger disk"});
}

}  // namespace

std::vector<Mistake> check_surroundings(const Config& config) {
  std::vector<Mistake> mistakes;
  for (const ListenerConfig& listener : config.listeners) {
    if (listener.address.family != ListenAddress::Family::unix_socket) continue;
    check_socket("the listener's socket", listener.address.host, mistakes);
  }
  if (!config.admin.socket.empty()) check_socket("admin.socket", config.admin.socket, mistakes);
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
    return {{0, "upstream.ca_file " + why.substr(0, why.find("; ")), kRemedy}};
  }
  // "-----BEGIN CERTIFICATE-----" and "-----BEGIN TRUSTED CERTIFICATE-----".
  const bool has_one = content->bytes.find("-----BEGIN ") != std::string::npos &&
                       content->bytes.find("CERTIFICATE-----") != std::string::npos;
  if (has_one) return {};
  return {{0,
           "upstream.ca_file " + path +
               (content->bytes.empty() ? " is empty" : " holds no certificate in PEM form"),
           kRemedy}};
}

std::vector<std::string> warnings_of(const Config& config) {
  std::vector<std::string> warnings;
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
