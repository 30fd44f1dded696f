// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "upstream/host.h"
#include "upstream/idle_connections.h"
#include "upstream/loop/uv_handle.h"
#include "upstream/origin_connection.h"
#include "upstream/transfer.h"
#include "upstream/transfer_counts.h"

namespace larder {

/// Requests to origins on a libuv loop: transfers, the connections that they use and leave, and
/// their time limits. Each goes when its Host says so. One thread. Sinks are called from the loop,
/// never from inside start().
class OriginLoop final : public Transfers, private TransferSite {
 public:
  /// `component`: who speaks in the log.
  OriginLoop(uv_loop_t* loop, UpstreamConfig config, std::string_view component = "upstream");
  ~OriginLoop() override;  ///< abandons what is under way, telling nobody
  OriginLoop(const OriginLoop&) = delete;
  OriginLoop& operator=(const OriginLoop&) = delete;

  /// From the next transfer and the next place on; transfers that were started, or queued, keep
  /// what they have. Idle connections stay, unless they would not be made any more; those in use
  /// end with their transfer.
  void use(UpstreamConfig config);

  // Transfers
  Started start(OriginRequest request, TransferSink* sink, Lane lane) override;
  bool promote(Transfer* transfer, Lane to) override;
  void pause(Transfer* transfer) override { transfer->pause(); }
  void resume(Transfer* transfer) override;  ///< news are told from the loop
  void abandon(Transfer* transfer) override;

  /// What a client is told at once, for the host is not asked now, or too slow for whoever has a
  /// stale object. The fetch may go on without the client.
  std::optional<OriginError> trouble(const std::string& host, bool has_stale);

  struct Stats {
    std::size_t running = 0, queued = 0;
    std::uint64_t started = 0, failed = 0, refused = 0, refreshes_dropped = 0;
    TransferCounts ended;
  };
  Stats stats() const;
  std::vector<HostSnapshot> hosts() const;

 private:
  // TransferSite
  std::unique_ptr<OriginConnection> new_connection(
      const std::string& base, const std::shared_ptr<const UpstreamConfig>& config) override;
  void give_back(std::unique_ptr<OriginConnection> connection, bool clean) override;
  void distrust(const std::string& base) override;
  void lost(const std::string& base) override { idle_.drop(base); }
  bool is_well(const std::string& base) override;
  void drop_moved(const std::string& name);
  std::span<char> read_buffer() override { return read_buffer_; }
  void note(Transfer& transfer) override;
  void tell() override;

  static void on_sweep(uv_timer_t* timer) noexcept;
  static void on_news(uv_timer_t* timer) noexcept;

  Host& host_of(const std::string& name);
  void run(Transfer* transfer);
  void sweep();
  void finish(Transfer* transfer);
  void note_phases(const Transfer::Place& place, MonotonicTime now);
  void fill_places(Host& host);
  void await_budget(Host& host, MonotonicTime now);
  void watch_silence(MonotonicTime now);
  void end_lost(const Host& host, MonotonicTime answered);
  void end_probe_turn(const Host& host, std::optional<MonotonicTime> oldest);
  void act_on(Host& host, const HostHealth::News& news, MonotonicTime now);
  void turn_away(const Host& host, bool silent_too, MonotonicTime now);
  void leave_place(Transfer* transfer);
  void wake_soon();

  uv_loop_t* loop_;
  const std::string_view component_;
  UpstreamConfig bounds_;                         ///< the hosts' lanes look here
  std::shared_ptr<const UpstreamConfig> config_;  ///< for transfers to come
  ConnectionShare share_;
  AddressBook book_;  ///< outlives all connections
  IdleConnections idle_;
  std::vector<char> read_buffer_;
  UvHandle<uv_timer_t> sweep_;
  UvHandle<uv_timer_t> news_;
  UvHandle<uv_timer_t> budget_;  ///< runs until the next one may start that waits for its budget
  std::unordered_map<std::string, Host> hosts_;  ///< nodes stay: transfers point to them
  std::unordered_map<Ticket, std::unique_ptr<Transfer>> transfers_;
  std::vector<Transfer*> noted_;    ///< have news, in order
  std::vector<Transfer*> telling_;  ///< scratch of tell(); abandoned ones are nulled
  bool is_telling_ = false;
  Ticket next_ticket_ = 1;
  std::uint64_t started_ = 0, failed_ = 0;
  TransferCounts counts_;
};

}  // namespace larder
