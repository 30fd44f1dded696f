// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cache/body/json_check.h"
#include "cache/store/store.h"
#include "daemon/orders/orders.h"
#include "upstream/curl_loop.h"

namespace larder {

class Fill;

/// Why an answer may not be shared.
enum class Unshareable : std::uint8_t {
  lasting,  ///< the origin says so (private, no-store...): the next one will be alike
  refusal,  ///< 401, 403, 412: perhaps gone at the next request
  broken,   ///< this one body was not good: says nothing of the next
};

/// What a fill needs from the origin thread that owns it.
class FillOwner {
 public:
  virtual ~FillOwner() = default;
  virtual CurlLoop& delivery_loop() = 0;
  virtual JsonCheck& json_check() = 0;
  virtual WallTime wall() = 0;
  virtual const SettingsPtr& settings() const = 0;
  virtual std::uint64_t max_object_bytes() const = 0;
  /// Would this many more bytes of bodies in flight keep within `cache.max_pending`?
  virtual bool may_hold(std::uint64_t bytes) const = 0;
  /// A piece on its way into the store: the fill's, until it passes it to whoever waits for it.
  virtual Chunk hold_pending(std::string bytes) = 0;
  /// A piece that only passes through.
  virtual Chunk hold_output(std::string bytes) = 0;
  /// The answer is for its leader alone: these others need a fetch each. `why` says what the next
  /// herd has to expect.
  virtual void on_unshareable(const Fill& fill, std::vector<FillOrder> others, Unshareable why) = 0;
  /// The leader failed: these others may be served by one retry, else they get `refusal`.
  virtual void on_leader_failed(const Fill& fill, std::vector<FillOrder> others,
                                const Refusal& refusal) = 0;
  /// Hands a complete object to the store. False = refused.
  virtual bool store(const Fill& fill, NewObject object) = 0;
  virtual void on_verdict(StoreVerdict verdict) = 0;
  /// The origin refuses the credential of the fill's order with this answer / takes it.
  virtual void on_rejected(const Fill& fill, std::shared_ptr<const AnswerHead> head,
                           std::vector<Chunk> body) = 0;
  virtual void on_accepted(const Fill& fill) = 0;
  /// The waiter has had its last event.
  virtual void on_member_over(Waiter waiter) = 0;
  /// Nothing more to do; destroys the fill.
  virtual void on_fill_over(Fill& fill) = 0;
};

/// One fetch from the origin for one key, shared by all who wait for it. Owned by the origin
/// thread, not by the client that caused it. Legal moves:
///
///     requested -> streaming -> committing -> over
///         |            '---------------------->^
///         '----------------------------------->'
class Fill final : public TransferSink {
 public:
  enum class State : std::uint8_t {
    requested,   ///< no head yet
    streaming,   ///< head known, body arriving
    committing,  ///< complete and handed to the store: served from here until the commit
    over,
  };
  /// How far an answer that is not retained may run ahead of its slowest reader.
  static constexpr std::uint64_t kWindowBytes = 256 * 1024;
  /// A reader that is less behind has all there is, and wants more.
  static constexpr std::uint64_t kStarvingBytes = kWindowBytes / 2;

  Fill(FillOwner& owner, std::uint64_t id, FillOrder order, unsigned attempt);
  ~Fill() override;
  Fill(const Fill&) = delete;
  Fill& operator=(const Fill&) = delete;

  std::uint64_t id() const { return id_; }
  const FillOrder& order() const { return order_; }
  State state() const { return state_; }
  unsigned attempt() const { return attempt_; }
  std::size_t members() const { return members_.size(); }
  /// May a request that comes at `now` share this answer, as far as is known?
  bool joinable(WallTime now) const;

  /// False = its lane's queue is full: nothing was started.
  bool start();
  /// A visitor is about to join: it does not wait in the lane of refreshes. False = the visitors'
  /// queue is full.
  bool promote();
  /// Attaches a waiter: it gets all that has arrived, then the rest.
  void join(FillOrder order);
  void leave(Waiter waiter);
  void credit(Waiter waiter, std::uint64_t bytes);
  /// Time has passed: readers that alone have held up the others for longer than
  /// `server.write_timeout`, all in all, are cut off. The number of them.
  unsigned cut_laggards(Milliseconds passed);
  /// A purge came: what arrives is for those who already wait, and not stored.
  void forbid_store() { forbidden_ = true; }

 private:
  struct Member {
    FillOrder order;
    AnswerSource source = AnswerSource::joined;
    bool head_sent = false;
    std::uint64_t taken = 0;
    Milliseconds held_up_ms = 0;  ///< for so long others have waited for this one
  };

  void transition_to(State next);
  void on_progress(TransferProgress progress) override;
  void take_head(const ResponseFacts& facts);
  void take_body(std::string bytes);
  void finish(bool framed);
  void fail(const Error& error);
  bool body_proves_itself();
  Result<void> check_body();
  StoreVerdict judge_whole(bool framed);
  bool commit();
  bool settle_rejection();
  void spread(AnswerEvent::End end);
  void send(Member& member, std::vector<Chunk> body, AnswerEvent::End end);
  void send_failure(const FillOrder& order, const Refusal& refusal, bool cut);
  std::vector<FillOrder> take_others();
  void release_others_as_unshareable();
  bool waits_for_the_end(const Member& member) const;
  void fail_leader(const Refusal& refusal);
  void fail_those_with_stale(const Refusal& refusal);
  void stop_retaining();
  void regulate();
  std::uint64_t lag_of(const Member& member) const;
  void end();

  FillOwner& owner_;
  const SettingsPtr settings_;  ///< of its start
  const std::uint64_t id_;
  FillOrder order_;  ///< the leader's, for what is stored and asked
  const unsigned attempt_;
  State state_ = State::requested;
  Transfer* transfer_ = nullptr;
  std::vector<Member> members_;  ///< the first is the leader, or who came after it
  ResponseFacts facts_;
  StoreVerdict verdict_ = StoreVerdict::storable;
  Lifetime lifetime_;
  std::shared_ptr<const AnswerHead> head_;
  std::vector<Chunk> body_;   ///< the whole, while `retained_`
  std::vector<Chunk> fresh_;  ///< arrived since the last spread()
  std::uint64_t received_ = 0;
  bool retained_ = true;
  bool held_back_ = false;  ///< may be a rejection: nobody is told before the body is whole
  bool forbidden_ = false;
  bool stored_ = false;
};

}  // namespace larder
