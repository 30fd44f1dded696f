// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "cache/body/held_bytes.h"
#include "conf/base/anchored_clock.h"
#include "conf/settings.h"
#include "daemon/fetch/fence.h"
#include "daemon/fetch/fill_owner.h"
#include "daemon/fetch/fill_table.h"
#include "daemon/fetch/followers.h"
#include "daemon/fetch/known_good.h"
#include "daemon/fetch/memory_report.h"
#include "daemon/fetch/miss_buckets.h"
#include "daemon/fetch/purge_intake.h"
#include "daemon/fetch/raw_knowledge.h"
#include "daemon/fetch/refetches.h"
#include "daemon/fetch/rejected_credentials.h"
#include "daemon/fetch/relays.h"
#include "daemon/fetch/retry_budget.h"
#include "daemon/fetch/store_writes.h"
#include "daemon/fetch/unshared_keys.h"
#include "daemon/fetch/unstored_report.h"
#include "daemon/orders/orders.h"
#include "daemon/watch/loop_pulse.h"
#include "daemon/watch/metrics.h"
#include "upstream/loop/mailbox.h"
#include "upstream/origin_loop.h"

namespace larder {

/// Where notes for all workers go. Thread-safe.
class WorkersOut {
 public:
  virtual ~WorkersOut() = default;
  virtual void tell_all(const CredentialNote& note) = 0;
};

/// The thread that owns all traffic to the origins: one loop with the fills, one for each key
/// across all workers, and the relays. Others only post orders.
class FetchThread final : public FillOwner, public CredentialWatch {
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

  /// On this thread: `out` is to take what was sent to it at the end of this turn. Taken one
  /// by one, events would have two threads take turns on one CPU.
  void note_sent(AnswerOut& out);

  void on_mail(std::vector<FetchOrder>& orders);  ///< Mailbox calls it

  LoopPulse& pulse() { return pulse_; }

 private:
  void run();
  void end_turn();
  void show_gauges();
  Followers::Ways ways_of_followers();
  Refetches::Ways ways_of_refetches();
  static void on_sweep(uv_timer_t* timer) noexcept;
  static void on_turn_end(uv_prepare_t* handle) noexcept;
  void cut_laggards();
  void take(FillOrder& order);
  void take(RelayOrder& order);
  void take(LeaveOrder& order);
  void take(CreditOrder& order);
  void take(PurgeCommand& command);
  void take(CommittedNote& note) {
    if (const Fill* const fill = fills_.find(note.key, note.fill)) fills_.remove(*fill);
  }
  void take(RawNote& note) { raw_.know(note, wall(), monotonic_now()); }
  void take(OutlookOrder& order);
  void take(SettingsChange& change);
  void take(StopOrder& stop);

  const Config& config() const { return settings_->config; }
  bool tell_at_once(const FillOrder& order);
  void give_stale();
  bool may_join(const Fill& fill, const FillOrder& order) const;
  bool may_ask(const Scope& scope, Waiter waiter);
  void join(Fill& fill, FillOrder& order);
  bool answer_from_held(const FillOrder& order);
  bool answer_from_store(const FillOrder& order);
  Fill* start_fill(FillOrder order, unsigned attempt);
  void start_relay(Waiter waiter, OriginRequest request, RelayOrder::To to,
                   const std::string& client);
  HitForMiss::Advice advise(const FillOrder& order);
  void relay_alone(const FillOrder& order);
  bool may_have_hits(const Fill& fill);
  void ask_again(FillOrder order);
  void settle_fence(const Fill& fill);

  // FillOwner
  WallTime wall() const override { return clock_.now(); }
  CacheKey place_of(const FillOrder& order, int status) override;
  std::int64_t ahead_ms() const override { return clock_.ahead_ms(); }
  void on_unshareable(const Fill& fill, std::vector<FillOrder> others, Unshareable why) override;
  void on_leader_failed(const Fill& fill, std::vector<FillOrder> others,
                        const Refusal& refusal) override;
  void on_verdict(const Fill& fill, StoreVerdict verdict) override;
  void on_waiter_over(Waiter waiter) override { fills_.forget_waiter(waiter); }
  void on_over(const Fill& fill) override {
    refetches_.note_end(fill.number(), "");
    fills_.remove(fill);
  }
  // CredentialWatch
  void on_rejected(const Fill& fill, std::shared_ptr<const AnswerHead> head,
                   const std::vector<Chunk>& body) override;
  void on_accepted(const Fill& fill) override;

  SettingsPtr settings_;
  const AnchoredClock& clock_;
  Store& store_;
  WorkersOut& workers_;
  OriginMetrics& metrics_;
  const HeldBytes& held_;
  UvLoop loop_;
  std::unique_ptr<OriginLoop> delivery_;  ///< fills and passes
  std::unique_ptr<OriginLoop> preview_;   ///< previews: connections, queue and handles of their own
  std::optional<StoreReader> reader_;
  StoreWrites writes_;
  MissBuckets buckets_;  ///< in open mode
  UnsharedKeys unshared_;
  RejectedCredentials rejected_;
  Fence fence_;
  std::vector<FillOrder> outdated_;  ///< to be asked for once more at the end of the turn
  KnownGood known_good_;
  RawKnowledge raw_;
  UnstoredReport unstored_;
  Refetches refetches_;
  PurgeIntake intake_{store_, metrics_.purges};
  RetryBudget retries_;
  FillSurroundings around_fills_;
  FillTable fills_;
  Relays relays_;
  std::unique_ptr<Followers> followers_;
  std::vector<AnswerOut*> sent_to_;  ///< in this turn
  std::uint64_t next_fill_ = 1;
  MemoryReport memory_;
  UvHandle<uv_timer_t> sweep_;
  UvHandle<uv_prepare_t> turn_end_;
  Mailbox<FetchOrder> mailbox_;
  LoopPulse pulse_;
  std::thread thread_;  ///< last: runs from the end of construction
};

}  // namespace larder
