// SPDX-License-Identifier: Apache-2.0
#include "daemon/listeners.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include "conf/base/log.h"
#include "conf/base/startup_error.h"
#include "daemon/socket_match.h"

namespace larder {
namespace {

constexpr unsigned kUnixListenerMode = 0666;  // as open as a TCP port; its directory says who may
constexpr unsigned kAdminMode = 0660;

bool is_unix(const ListenAddress& address) {
  return address.family == ListenAddress::Family::unix_socket;
}

ListenAddress admin_socket_of(const Config& config) {
  return {.family = ListenAddress::Family::unix_socket, .host = config.admin.socket};
}

/// In the order in which they are opened.
std::vector<ListenAddress> addresses_of(const Config& config) {
  std::vector<ListenAddress> all;
  all.reserve(config.listeners.size() + config.admin.metrics.size() + config.webhook.listen.size() +
              1);
  for (const auto& listener : config.listeners) all.push_back(listener.address);
  if (!config.admin.socket.empty()) all.push_back(admin_socket_of(config));
  all.insert(all.end(), config.admin.metrics.begin(), config.admin.metrics.end());
  all.insert(all.end(), config.webhook.listen.begin(), config.webhook.listen.end());
  return all;
}

/// Those of each worker. Sockets that are there already cannot become a group (SO_REUSEPORT is set
/// before the address is bound): workers accept from copies of the same descriptors.
std::vector<std::vector<ListeningSocket>> share_sockets(const ListenerConfig& listener,
                                                        const std::vector<Fd>& sockets,
                                                        std::size_t workers) {
  const std::string name = name_of(listener.address);
  std::vector<std::vector<ListeningSocket>> of_worker(workers);
  const auto spread = spread_sockets(sockets.size(), workers);
  for (std::size_t worker = 0; worker < workers; ++worker) {
    for (const std::size_t index : spread[worker]) {
      Fd copy(::fcntl(sockets[index].get(), F_DUPFD_CLOEXEC, 0));
      if (!copy) {
        throw StartupError("cannot copy the socket on " + name + ": " + std::strerror(errno) +
                           ": raise the limit of open files (LimitNOFILE=, ulimit -n)");
      }
      of_worker[worker].emplace_back(std::move(copy), listener, name);
    }
  }
  return of_worker;
}

/// Whoever may connect to an inherited admin socket may purge. Its mode is the socket unit's.
void refuse_open_to_all(const ListenAddress& address) {
  struct stat status {};
  if (!is_unix(address)) return;
  if (::stat(address.host.c_str(), &status) != 0 || (status.st_mode & S_IWOTH) == 0) return;
  throw StartupError("admin.socket " + address.host +
                     " lets every local user purge; give its socket unit SocketMode=0660");
}

}  // namespace

Listeners::Listeners(const Config& config, std::size_t workers)
    : wanted_(addresses_of(config)), inherited_(wanted_.size()), of_worker_(workers) {
  match(config);
  open_clients(config, workers);
  const std::size_t webhooks = wanted_.size() - config.webhook.listen.size();
  open_admin(config, config.listeners.size());
  open_webhook(config, webhooks);
  inherited_.clear();
}

void Listeners::match(const Config& config) {
  std::vector<InheritedSocket> sockets = take_inherited_sockets();
  std::vector<ListenAddress> addresses;
  addresses.reserve(sockets.size());
  for (const auto& socket : sockets) addresses.push_back(socket.address);
  const SocketMatch found = match_sockets(wanted_, addresses);
  std::set<std::string> forgotten;
  for (const std::size_t index : found.unmatched) {
    const InheritedSocket& socket = sockets[index];
    if (!socket.stored) {
      throw StartupError(unmatched_text(socket.address, socket.name, addresses_of(config)));
    }
    sockets[index].socket.reset();
    if (!forgotten.insert(socket.name).second) continue;
    log(LogLevel::info, "server",
        name_of(socket.address) + " is no address of the configuration any more: closed");
  }
  forget_stored_sockets(forgotten);
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    for (const std::size_t index : found.of_wanted[i]) {
      inherited_[i].push_back(std::move(sockets[index].socket));
    }
    if (!inherited_[i].empty()) {
      log(LogLevel::info, "server", "inherited the socket on " + name_of(wanted_[i]));
    }
  }
}

/// The sockets of each worker for one address.
std::vector<std::vector<ListeningSocket>> Listeners::open(const ListenerConfig& listener,
                                                          const std::vector<Fd>& inherited,
                                                          std::size_t workers, unsigned mode) {
  const ListenAddress& address = listener.address;
  if (!inherited.empty()) return share_sockets(listener, inherited, workers);
  if (is_unix(address)) locks_.emplace_back(address.host);
  auto opened = listen_on(listener, workers, mode);
  if (is_unix(address)) locks_.back().own_socket();
  std::vector<std::vector<ListeningSocket>> of_worker(workers);
  std::vector<int> descriptors;
  for (std::size_t i = 0; i < workers; ++i) {
    descriptors.push_back(opened[i].descriptor());
    of_worker[i].push_back(std::move(opened[i]));
  }
  // A unix socket's directory may go with the service, and any free port is another one next time.
  if (!is_unix(address) && address.port != 0) store_sockets(address, descriptors);
  return of_worker;
}

void Listeners::open_clients(const Config& config, std::size_t workers) {
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const ListenerConfig& listener = config.listeners[i];
    auto opened = open(listener, inherited_[i], workers, kUnixListenerMode);
    const bool preview = listener.role == ListenerConfig::Role::preview;
    clients_.push_back(
        {opened.front().front().name(), preview ? "preview" : "delivery", !listener.tls.empty()});
    for (std::size_t worker = 0; worker < workers; ++worker) {
      for (auto& socket : opened[worker]) of_worker_[worker].push_back(std::move(socket));
    }
  }
}

void Listeners::open_admin(const Config& config, std::size_t first) {
  for (std::size_t i = first; i < wanted_.size() - config.webhook.listen.size(); ++i) {
    if (!inherited_[i].empty()) refuse_open_to_all(wanted_[i]);
    auto opened = open({.address = wanted_[i], .tls = {}}, inherited_[i], 1, kAdminMode);
    operators_.push_back(
        {opened.front().front().name(), is_unix(wanted_[i]) ? "admin" : "metrics"});
    for (auto& socket : opened.front()) admin_.push_back(std::move(socket));
  }
}

void Listeners::open_webhook(const Config& config, std::size_t first) {
  for (std::size_t i = 0; i < config.webhook.listen.size(); ++i) {
    auto opened = open({.address = wanted_[first + i], .tls = {}}, inherited_[first + i], 1,
                       kUnixListenerMode);
    webhooks_.push_back({opened.front().front().name(), "webhook"});
    for (auto& socket : opened.front()) webhook_.push_back(std::move(socket));
  }
}

std::vector<ListeningSocket> Listeners::take_of_worker(std::size_t worker) {
  return std::move(of_worker_[worker]);
}

std::vector<std::string> Listeners::socket_files() const {
  std::vector<std::string> files;
  for (const SocketLock& lock : locks_) files.push_back(lock.socket_path());
  return files;
}

}  // namespace larder
