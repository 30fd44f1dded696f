// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>
#include <memory>
#include <unordered_map>
#include <vector>

#include "upstream/idle_sockets.h"
#include "upstream/loop/uv_handle.h"

namespace larder {

class Host;

/// The sockets of one curl multi handle on a libuv loop: opens and closes them, waits for what
/// libcurl wants of each, and knows which lie idle between two transfers. A connection stays
/// registered with the loop for all its life: from transfer to transfer libcurl forgets and asks
/// again, which would be seven epoll_ctl for each. One thread.
class OriginSockets {
 public:
  /// `ready(owner, socket, flags)`: CURL_CSELECT_* of a socket that libcurl waits for.
  using Ready = void (*)(void* owner, curl_socket_t socket, int flags);
  /// `private_too`: addresses of loopback, private and link-local networks may be connected to.
  OriginSockets(uv_loop_t* loop, bool private_too, void* owner, Ready ready);
  ~OriginSockets();  ///< after curl_multi_cleanup()
  OriginSockets(const OriginSockets&) = delete;
  OriginSockets& operator=(const OriginSockets&) = delete;

  /// For connections to come.
  void allow_private(bool allowed) { private_too_ = allowed; }

  /// The transfer opens and closes its sockets here.
  void serve(CURL* easy);
  struct Chosen {
    int socket = -1;     ///< -1 = not one of these
    bool early = false;  ///< it has bytes to read, which answer nothing that was sent
  };
  /// The connection with these ports, which is about to carry a request. `tls`: on a new one there
  /// may be bytes of the handshake.
  Chosen choose(int origin_port, int local_port, bool tls);
  /// What libcurl waits for, and whose transfer it is: CURLMOPT_SOCKETFUNCTION.
  void watch(CURL* easy, curl_socket_t socket, int what);
  /// The connection of a transfer that is over, unless it is the next one's already: within one
  /// call libcurl may end a transfer and send another one's request behind it.
  void note_idle(curl_socket_t socket, CURL* easy, Host& host);
  /// IdleSockets::any_has_bytes()
  bool any_idle_has_bytes();
  /// Of the last any_idle_has_bytes(): the hosts that sent bytes which belong to no request.
  const std::vector<Host*>& strayed() const { return strayed_; }

 private:
  struct Socket;
  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept;
  static int on_close(void* self, curl_socket_t socket) noexcept;
  static void on_readiness(uv_poll_t* poll, int status, int events) noexcept;
  Socket& socket_of(curl_socket_t number);
  void forget(curl_socket_t number);

  uv_loop_t* loop_;
  bool private_too_;
  void* owner_;
  Ready ready_;
  IdleSockets idle_;
  std::vector<Host*> strayed_;
  std::unordered_map<curl_socket_t, std::unique_ptr<Socket>> sockets_;
};

}  // namespace larder
