// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "conf/base/clock.h"
#include "conf/base/result.h"
#include "conf/config.h"
#include "upstream/address_book.h"
#include "upstream/loop/uv_handle.h"
#include "upstream/origin_error.h"

namespace larder {

/// What the connections of one loop share: TLS sessions. One thread.
class ConnectionShare {
 public:
  ConnectionShare();
  CURLSH* get() const { return share_.get(); }

 private:
  struct Deleter {
    void operator()(CURLSH* share) const noexcept { curl_share_cleanup(share); }
  };
  std::unique_ptr<CURLSH, Deleter> share_;
};

class OriginConnection;

/// Whoever uses a connection, or watches it while it is idle. Calls come from the loop only; each
/// may destroy the connection.
class OriginConnectionUser {
 public:
  virtual ~OriginConnectionUser() = default;
  virtual void on_connected(OriginConnection& connection) = 0;
  virtual void on_connect_failed(OriginConnection& connection, const OriginError& error) = 0;
  /// There may be bytes to receive, or room to send.
  virtual void on_ready(OriginConnection& connection, bool readable, bool writable) = 0;
};

/// A connection to an origin, by way of the proxy if one is configured. The address book looks up
/// the name; libcurl connects (which address, proxy, TLS, time limits); then bytes go both ways as
/// the user says. Each has a multi handle of its own: libcurl never sees two of them
/// together, so it can neither share one nor end one that it takes for idle.
class OriginConnection final : private AddressWaiter {
 public:
  /// `base` is `https://host[:port]`. Everything given outlives the connection.
  OriginConnection(uv_loop_t* loop, const ConnectionShare& share, AddressBook& book,
                   std::shared_ptr<const UpstreamConfig> config, std::string base,
                   MonotonicTime now);
  ~OriginConnection() override;
  OriginConnection(const OriginConnection&) = delete;
  OriginConnection& operator=(const OriginConnection&) = delete;

  const std::string& base() const { return base_; }
  /// With which it was made.
  const std::shared_ptr<const UpstreamConfig>& config() const { return config_; }
  MonotonicTime made() const { return made_; }
  /// The name that was looked up for it, and the address that it has gone to. Both empty where
  /// nothing had to be looked up.
  const std::string& name() const { return name_; }
  const std::string& peer() const { return peer_; }
  MonotonicTime idle_since{};  ///< the pool's

  /// The user from here on; `idle`: it does not keep the loop running.
  void set_user(OriginConnectionUser& user, bool idle);
  /// Begins; the user is told how it ends. Once.
  void connect();

  struct Received {
    enum class What : std::uint8_t {
      bytes,
      none,    ///< for now
      end,     ///< the origin has closed its side in order
      broken,  ///< reset, or cut off within TLS
    };
    What what = What::none;
    std::size_t count = 0;
  };
  Received receive(std::span<char> into);
  /// After receive() gave `count` of `asked` bytes: can there be more that the loop would not tell?
  bool may_hold_more(std::size_t count, std::size_t asked) const {
    return tls_ || broken_ || count == asked;
  }
  /// Bytes taken, 0 = no room for now. Error::io = broken.
  Result<std::size_t> send(std::string_view bytes);
  /// Has the origin's machine not yet got all that was sent? What comes meanwhile is no answer to
  /// it: the packet of an answer acknowledges its request.
  bool has_unacknowledged() const;
  /// What on_ready() is to tell.
  void want(bool readable, bool writable);

 private:
  struct MultiDeleter {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
  };
  struct ListDeleter {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
  };
  struct EasyDeleter {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
  };
  /// A socket that libcurl waits for while it connects; also those of its resolver.
  struct Attempt {
    OriginConnection* connection = nullptr;
    curl_socket_t socket = CURL_SOCKET_BAD;
    UvHandle<uv_poll_t> poll;
  };

  static curl_socket_t on_open(void* self, curlsocktype, curl_sockaddr* address) noexcept;
  static int on_close(void* self, curl_socket_t socket) noexcept;
  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) noexcept;
  static int on_timer_wish(CURLM*, long timeout_ms, void* self) noexcept;
  static void on_timeout(uv_timer_t* timer) noexcept;
  static void on_attempt_ready(uv_poll_t* poll, int status, int events) noexcept;
  static void on_poll(uv_poll_t* poll, int status, int events) noexcept;

  void on_addresses(const std::vector<std::string>& addresses, const std::string& error) override;

  void set_options();
  void begin_connecting(MonotonicTime now);
  void fail_to_connect(const OriginError& error);
  std::string peer_address() const;
  void stop();
  void watch_attempt(curl_socket_t socket, int what);
  void act(curl_socket_t socket, int events);
  void finish_connecting(CURLcode code);
  OriginError error_of(CURLcode code) const;

  uv_loop_t* loop_;
  const std::shared_ptr<const UpstreamConfig> config_;
  const std::string base_;
  const bool tls_;  ///< to the origin or to the proxy
  const MonotonicTime made_;
  AddressBook& book_;
  const Endpoint endpoint_;  ///< of the proxy, if there is one
  const std::string name_;
  std::string peer_;
  OriginConnectionUser* user_ = nullptr;
  bool idle_ = false;
  bool looking_up_ = false;
  bool connecting_ = false;
  bool private_refused_ = false;                        ///< an address was not allowed
  std::unique_ptr<curl_slist, ListDeleter> addresses_;  ///< libcurl looks there; outlives easy_
  std::unique_ptr<CURLM, MultiDeleter> multi_;
  std::unique_ptr<CURL, EasyDeleter> easy_;  ///< before multi_ ends it must be out of it
  char error_text_[CURL_ERROR_SIZE] = {};
  UvHandle<uv_timer_t> timer_;  ///< while it connects
  std::unordered_map<curl_socket_t, std::unique_ptr<Attempt>> attempts_;
  curl_socket_t socket_ = CURL_SOCKET_BAD;  ///< once connected; libcurl's
  UvHandle<uv_poll_t> poll_;
  int wanted_ = 0;       ///< UV_READABLE, UV_WRITABLE
  bool broken_ = false;  ///< by a reset: receive() gives what came before, then says so
};

}  // namespace larder
