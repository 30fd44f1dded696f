// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/fetch/body_reading.h"
#include "daemon/fetch/fill_owner.h"
#include "daemon/fetch/fill_state.h"

namespace larder {

/// One fetch from the origin for one key, shared by all who wait for it. Owned by the thread that
/// fetches, not by the client that caused it.
class Fill final : public TransferSink {
 public:
  using State = FillState;

  /// How far an answer that is passing may run ahead of its slowest reader.
  static constexpr std::uint64_t kWindowBytes = 256 * 1024;
  /// A reader that is less behind has all there is, and wants more.
  static constexpr std::uint64_t kStarvingBytes = kWindowBytes / 2;

  /// `settings`: those by which it works to its end. `attempt` counts from 1.
  Fill(FillSurroundings& around, SettingsPtr settings, std::uint64_t number, FillOrder order,
       unsigned attempt);
  ~Fill() override;
  Fill(const Fill&) = delete;
  Fill& operator=(const Fill&) = delete;

  /// Unique among the fills of a thread.
  std::uint64_t number() const { return number_; }
  /// The leader's: what is asked and stored.
  const FillOrder& order() const { return order_; }
  /// Of the answer, while it arrives; 0 = none yet.
  int status() const { return facts_ != nullptr ? facts_->status : 0; }
  State state() const { return state_; }
  unsigned attempt() const { return attempt_; }
  std::size_t waiters() const { return members_.size(); }
  /// Of the whole answer, once it is handed to the store, unless it is outdated; else empty.
  std::string etag() const {
    return state_ == State::committing && !outdated() ? head_->etag : std::string();
  }
  /// The origin's own lifetime for it was over when it came. Known in on_verdict().
  bool arrived_old() const;
  /// A cache on the way had it since before a change that is known. Known in on_verdict().
  bool outdated() const { return outdated_; }
  /// May a request that comes at `now` share this answer, as far as is known?
  bool joinable(WallTime now) const;

  /// An error: nothing was started, and why.
  std::optional<OriginError> start();
  /// Somebody of this lane is about to join: it does not wait in a later one. False = the lane's
  /// queue is full.
  bool promote(Lane to) { return transfer_ == nullptr || around_.transfers.promote(transfer_, to); }
  /// Attaches a waiter: it gets all that has arrived, then the rest. Where the whole is here, it
  /// gets that and is over.
  void join(FillOrder order);
  void leave(Waiter waiter);
  void credit(Waiter waiter, std::uint64_t bytes);
  /// Time has passed: readers that alone have held up the others for longer than
  /// `server.write_timeout`, all in all, are cut off. The number of them.
  unsigned cut_laggards(Milliseconds passed);
  /// How long in all it has passed on nothing because of its readers; to be called once in `span`.
  Milliseconds count_wait(Milliseconds span) { return waited_ms_ += is_far_ahead() ? span : 0; }
  /// Ends it for all readers of an answer that passes through.
  void cut_off();
  /// Who has waited since before `then`, and has a stale object, gets that: the fetch goes on.
  void give_stale(WallTime then);
  /// A purge came: what arrives is for those who already wait, and not stored. Nobody has a stale
  /// object to fall back on any more.
  void forbid_store();

 private:
  struct Member {
    Waiter waiter;
    AnswerSource source = AnswerSource::joined;
    bool has_stale = false;
    bool head_sent = false;
    std::uint64_t taken = 0;
    WallTime since;
    Milliseconds held_up_ms = 0;       ///< for so long others have waited for this one
    std::unique_ptr<FillOrder> order;  ///< null = `order_`
  };

  void move_to(State next);
  void on_progress(TransferProgress progress) override;

  void take_head(const ResponseFacts& facts);
  void meet_trouble();
  void hold_back();
  void keep();
  bool keeps_body() const { return state_ == State::held_back || state_ == State::keeping; }
  void begin_reading();
  void take_body(std::string bytes);
  bool has_room(std::uint64_t bytes) const;
  bool keep_piece(const Chunk& piece);
  void pass_on(StoreVerdict why);
  void stop_holding_back();

  void finish(bool framed);
  void meet_bad_body();
  bool commit(const SoundBody& body);
  bool settle_rejection(bool sound);
  void fail(const OriginError& error);
  void end();

  void spread(AnswerEvent::End end);
  void send(Member& member, std::vector<Chunk> body, AnswerEvent::End end);
  void send_failure(const Member& member, const Refusal& refusal);
  bool waits_for_the_end(const Member& member) const;
  FillOrder order_of(Member& member) const;
  std::vector<FillOrder> take_others();
  void release_others(Unshareable why);
  std::int64_t age_for(const Member& member) const;
  void fail_leader(const Refusal& refusal);
  void fail_those_with_stale(const Refusal& refusal, std::optional<WallTime> since = {});

  bool is_far_ahead() const;
  void regulate();
  std::uint64_t lag_of(const Member& member) const { return received_ - member.taken; }

  FillSurroundings& around_;
  const SettingsPtr settings_;
  const std::uint64_t number_;
  FillOrder order_;
  const unsigned attempt_;
  State state_ = State::requested;
  Transfer* transfer_ = nullptr;
  std::vector<Member> members_;           ///< the first is the leader, or who came after it
  const ResponseFacts* facts_ = nullptr;  ///< the transfer's, from its head to its end
  StoreVerdict verdict_ = StoreVerdict::storable;  ///< as far as is known
  std::unique_ptr<FillWrite> write_;               ///< while it may be stored
  std::optional<BodyReading> reading_;             ///< of what is held back or kept
  std::shared_ptr<const AnswerHead> head_;
  std::vector<Chunk> body_;   ///< the whole, of what is kept
  std::vector<Chunk> fresh_;  ///< arrived since the last spread()
  std::uint64_t received_ = 0;
  Milliseconds waited_ms_ = 0;  ///< see count_wait()
  std::uint64_t epoch_ = 0;     ///< when it began
  WallTime requested_;          ///< its start: a wait for a place counts as the origin's delay
  bool outdated_ = false;       ///< once committing
  Lifetime lifetime_;           ///< once committing
};

}  // namespace larder
