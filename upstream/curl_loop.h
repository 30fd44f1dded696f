// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "upstream/host.h"
#include "upstream/loop/uv_handle.h"
#include "upstream/origin_sockets.h"
#include "upstream/transfer.h"

namespace larder {

/// libcurl's multi interface on a libuv loop: transfers, their sockets and timers. Each goes when
/// its Host says so. One thread. Sinks are called from the loop, never from inside start().
class CurlLoop {
 public:
  CurlLoop(uv_loop_t* loop, UpstreamConfig config);
  ~CurlLoop();  ///< abandons what is under way, telling nobody
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  /// From the next transfer and the next place on; transfers that were started, or queued, keep
  /// what they have. Kept connections stay.
  void use(UpstreamConfig config);

  /// Starts a transfer or queues it for a place at its host. The pointer is good until the sink's
  /// call with `ended` has returned, or until abandon(). nullptr = the lane's queue is full.
  Transfer* start(OriginRequest request, TransferSink* sink, Lane lane);

  /// A visitor waits for this transfer now, whatever it was started for. False = it is a queued
  /// refresh and the visitors' queue is full: nothing has changed.
  bool promote(Transfer* transfer);

  /// Ends a transfer without telling its sink.
  void abandon(Transfer* transfer);

  /// Un-pauses a transfer; news are told from the loop.
  void resume(Transfer* transfer);

  struct Stats {
    std::size_t running = 0, queued = 0;
    std::uint64_t started = 0, failed = 0, refused = 0, refreshes_dropped = 0;
  };
  Stats stats() const;
  std::vector<HostSnapshot> hosts() const;

 private:
  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void*) noexcept;
  static int on_timer_wish(CURLM*, long timeout_ms, void* self) noexcept;
  static void on_timeout(uv_timer_t* timer) noexcept;
  static void on_sweep(uv_timer_t* timer) noexcept;
  static void on_news(uv_timer_t* timer) noexcept;

  void bound_connections();
  void act(curl_socket_t socket, int events);
  Host& host_of(const std::string& name);
  void run(Transfer* transfer);
  void distrust(Host& host);
  void collect();
  void tell();
  void sweep();
  void finish(Transfer* transfer);
  void fill_places(Host& host);
  void detach(Transfer* transfer);
  void wake_soon();

  UpstreamConfig bounds_;                         ///< the hosts' lanes look here
  std::shared_ptr<const UpstreamConfig> config_;  ///< for transfers to come
  OriginSockets sockets_;
  CURLM* multi_ = nullptr;
  CURLSH* share_ = nullptr;
  UvHandle<uv_timer_t> timeout_;
  UvHandle<uv_timer_t> sweep_;
  UvHandle<uv_timer_t> news_;
  std::unordered_map<std::string, Host> hosts_;  ///< nodes stay: transfers point to them
  std::unordered_map<Ticket, std::unique_ptr<Transfer>> transfers_;
  std::vector<Transfer*> noted_;    ///< have news, in order
  std::vector<Transfer*> telling_;  ///< scratch of tell(); abandoned ones are nulled
  std::vector<EasyHandle> idle_easies_;
  Ticket next_ticket_ = 1;
  std::uint64_t started_ = 0, failed_ = 0;
};

}  // namespace larder
