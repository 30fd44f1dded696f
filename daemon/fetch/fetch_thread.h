// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "cache/body/held_bytes.h"
#include "conf/base/anchored_clock.h"
#include "daemon/fetch/fill.h"
#include "daemon/fetch/hit_for_miss.h"
#include "daemon/fetch/rejected_credentials.h"
#include "daemon/orders/orders.h"
#include "daemon/watch/metrics.h"
#include "upstream/loop/mailbox.h"
#include "upstream/relay.h"

namespace larder {

/// Where notes for all workers go. Thread-safe.
class WorkersOut {
 public:
  virtual ~WorkersOut() = default;
  virtual void tell_all(const CredentialNote& note) = 0;
};

/// The origin thread: one loop that owns all traffic to the origins: the fills, one for each key
/// across all workers, and the relays. Others only post orders.
class FetchThread final : public FillOwner, public RelayOwner {
 public:
  FetchThread(SettingsPtr settings, const AnchoredClock& clock, Store& store, WorkersOut& workers,
              OriginMetrics& metrics, const HeldBytes& held);
  ~FetchThread() override;
  FetchThread(const FetchThread&) = delete;
  FetchThread& operator=(const FetchThread&) = delete;

  /// Thread-safe. Dropped after stop().
  void post(FetchOrder order) { mailbox_.post(std::move(order)); }

  /// Ends all traffic and joins the thread. The store may end after this and before this object:
  /// its writer still posts notes.
  void stop();

  /// On the origin thread: `out` is to take what was sent to it at the end of this turn. Taken one
  /// by one, events would have two threads take turns on one CPU.
  void note_sent(AnswerOut& out);

  void on_mail(std::vector<FetchOrder>& orders);  ///< Mailbox calls it

 private:
  struct WaiterHash {
    std::size_t operator()(const Waiter& waiter) const noexcept;
  };
  using FillMap = std::unordered_map<std::uint64_t, std::unique_ptr<Fill>>;

  void run();
  void end_turn();
  void show_gauges();
  static void on_sweep(uv_timer_t* timer) noexcept;
  static void on_turn_end(uv_prepare_t* handle) noexcept;
  void cut_laggards();
  void take(FillOrder& order);
  void take(RelayOrder& order);
  void take(LeaveOrder& order);
  void take(CreditOrder& order);
  void take(PurgeCommand& command);
  void take(CommittedNote& note);
  void take(SettingsChange& change);
  void take(StopOrder& stop);

  bool answer_from_held(const FillOrder& order);
  bool answer_from_store(const FillOrder& order);
  Fill* start_fill(FillOrder order, unsigned attempt);
  void start_relay(Waiter waiter, OriginRequest request, RelayOrder::To to);
  HitForMiss::Advice advise(const FillOrder& order);
  void relay_alone(const FillOrder& order);
  void refuse(Waiter waiter, const Refusal& refusal);
  bool may_have_hits(const Fill& fill);
  bool selected(const PurgeOrder& order, const Fill& fill) const;
  void forget_current(const Fill& fill);
  static std::string name_of(const FillOrder& order);

  // FillOwner
  CurlLoop& delivery_loop() override { return *delivery_; }
  JsonCheck& json_check() override { return json_check_; }
  WallTime wall() override { return clock_.now(); }
  const SettingsPtr& settings() const override { return settings_; }
  std::uint64_t max_object_bytes() const override { return store_.max_object_bytes(); }
  bool may_hold(std::uint64_t bytes) const override { return held_.pending_has_room(bytes); }
  Chunk hold_pending(std::string bytes) override { return held_.hold_pending(std::move(bytes)); }
  void on_unshareable(const Fill& fill, std::vector<FillOrder> others, Unshareable why) override;
  void on_leader_failed(const Fill& fill, std::vector<FillOrder> others,
                        const Refusal& refusal) override;
  bool store(const Fill& fill, NewObject object) override;
  void on_verdict(StoreVerdict verdict) override;
  void on_rejected(const Fill& fill, std::shared_ptr<const AnswerHead> head,
                   std::vector<Chunk> body) override;
  void on_accepted(const Fill& fill) override;
  void on_member_over(Waiter waiter) override { fill_of_.erase(waiter); }
  void on_fill_over(Fill& fill) override;
  // RelayOwner
  Chunk hold_output(std::string bytes) override { return held_.hold_output(std::move(bytes)); }
  void on_relay_over(Waiter waiter) override;

  SettingsPtr settings_;  ///< changes between turns only
  const AnchoredClock& clock_;
  Store& store_;
  WorkersOut& workers_;
  OriginMetrics& metrics_;
  const HeldBytes& held_;
  UvLoop loop_;
  std::unique_ptr<CurlLoop> delivery_;  ///< fills and passes
  std::unique_ptr<CurlLoop> preview_;   ///< previews: connections, queue and handles of their own
  std::optional<StoreReader> reader_;
  JsonCheck json_check_;
  HitForMiss hit_for_miss_;  ///< by answers that are for one client
  HitForMiss refused_;       ///< by 401, 403, 412: who has a stale object still gets that
  RejectedCredentials rejected_;
  FillMap fills_;
  std::unordered_map<std::string, std::uint64_t>
      current_;  ///< scope and canonical request -> the fill to join
  std::unordered_map<Waiter, std::uint64_t, WaiterHash> fill_of_;
  std::unordered_map<Waiter, std::unique_ptr<Relay>, WaiterHash> relays_;
  std::vector<AnswerOut*> sent_to_;  ///< in this turn
  std::uint64_t next_fill_ = 1;
  double retry_budget_ = 10;
  UvHandle<uv_timer_t> sweep_;
  UvHandle<uv_prepare_t> turn_end_;
  Mailbox<FetchOrder> mailbox_;
  std::thread thread_;  ///< last: runs from the end of construction
};

}  // namespace larder
