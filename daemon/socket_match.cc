// SPDX-License-Identifier: Apache-2.0
#include "daemon/socket_match.h"

#include <arpa/inet.h>
#include <algorithm>
#include <array>

#include "daemon/http1/listen.h"

namespace larder {
namespace {

/// An IP literal in its shortest form.
std::string shortest(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, host.c_str(), bytes.data()) == 1) {
      return inet_ntop(family, bytes.data(), text.data(), text.size());
    }
  }
  return host;
}

bool matches(const ListenAddress& wanted, const ListenAddress& inherited) {
  if (wanted.family != inherited.family) return false;
  if (wanted.family == ListenAddress::Family::unix_socket) return wanted.host == inherited.host;
  return wanted.port != 0 && wanted.port == inherited.port &&
         shortest(wanted.host) == shortest(inherited.host);
}

}  // namespace

SocketMatch match_sockets(const std::vector<ListenAddress>& wanted,
                          const std::vector<ListenAddress>& inherited) {
  SocketMatch match;
  match.of_wanted.resize(wanted.size());
  for (std::size_t i = 0; i < inherited.size(); ++i) {
    const auto found = std::find_if(wanted.begin(), wanted.end(), [&](const auto& address) {
      return matches(address, inherited[i]);
    });
    if (found == wanted.end()) {
      match.unmatched.push_back(i);
    } else {
      match.of_wanted[static_cast<std::size_t>(found - wanted.begin())].push_back(i);
    }
  }
  return match;
}

std::vector<std::vector<std::size_t>> spread_sockets(std::size_t sockets, std::size_t workers) {
  std::vector<std::vector<std::size_t>> of_worker(workers);
  if (sockets == 0) return of_worker;
  for (std::size_t i = 0; i < std::max(sockets, workers); ++i) {
    of_worker[i % workers].push_back(i % sockets);
  }
  return of_worker;
}

std::string unmatched_text(const ListenAddress& inherited, const std::string& fd_name,
                           const std::vector<ListenAddress>& wanted) {
  std::string text = "the service manager handed over a socket (" + fd_name + ") on " +
                     name_of(inherited) + ", which is no address of the configuration (";
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    text += (i > 0 ? ", " : "") + name_of(wanted[i]);
  }
  return text + "): write the same address in ListenStream= of the socket unit and in larder.toml";
}

}  // namespace larder
