// SPDX-License-Identifier: Apache-2.0
#include "daemon/inherited_sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "conf/base/startup_error.h"
#include "daemon/http1/listen.h"

namespace larder {
namespace {

/// Names of descriptors may not contain `:`.
constexpr const char* kStoredPrefix = "larderd-stored-";
constexpr std::uint64_t kForgetUs = 2'000'000;
constexpr std::size_t kMaxAtOnce = 200;  // the kernel takes 253 in one message

std::string stored_name(const ListenAddress& address) {
  std::string name = kStoredPrefix + name_of(address);
  std::replace(name.begin(), name.end(), ':', '_');
  return name;
}

ListenAddress address_of(int descriptor, const std::string& name) {
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &length) != 0) {
    throw StartupError("cannot read the address of the inherited socket " + name + ": " +
                       std::strerror(errno));
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (bound.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&bound);
    inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
    return {.host = text.data(), .port = ntohs(v4->sin_port)};
  }
  if (bound.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&bound);
    inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
    return {.host = text.data(), .port = ntohs(v6->sin6_port)};
  }
  const auto* path = reinterpret_cast<const sockaddr_un*>(&bound)->sun_path;
  const std::size_t most = length - offsetof(sockaddr_un, sun_path);
  return {.family = ListenAddress::Family::unix_socket,
          .host = std::string(path, ::strnlen(path, most))};
}

}  // namespace

std::vector<InheritedSocket> take_inherited_sockets() {
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(1, &names);
  std::vector<InheritedSocket> sockets;
  for (int i = 0; i < count; ++i) {
    InheritedSocket& inherited = sockets.emplace_back();
    inherited.socket = Fd(SD_LISTEN_FDS_START + i);
    inherited.name = names[i];
    std::free(names[i]);
  }
  std::free(static_cast<void*>(names));
  for (InheritedSocket& inherited : sockets) {
    if (sd_is_socket(inherited.socket.get(), AF_UNSPEC, SOCK_STREAM, 1) <= 0) {
      throw StartupError("the service manager handed over " + inherited.name +
                         ", which is no listening stream socket: use ListenStream= and Accept=no");
    }
    inherited.address = address_of(inherited.socket.get(), inherited.name);
    inherited.stored = inherited.name.rfind(kStoredPrefix, 0) == 0;
  }
  return sockets;
}

void store_sockets(const ListenAddress& address, const std::vector<int>& descriptors) {
  const std::string state = "FDSTORE=1\nFDPOLL=0\nFDNAME=" + stored_name(address);
  for (std::size_t at = 0; at < descriptors.size(); at += kMaxAtOnce) {
    const auto count = std::min(kMaxAtOnce, descriptors.size() - at);
    sd_pid_notify_with_fds(0, 0, state.c_str(), descriptors.data() + at,
                           static_cast<unsigned>(count));
  }
}

void forget_stored_sockets(const std::set<std::string>& names) {
  for (const auto& name : names) sd_notify(0, ("FDSTOREREMOVE=1\nFDNAME=" + name).c_str());
  if (!names.empty()) sd_notify_barrier(0, kForgetUs);
}

}  // namespace larder
