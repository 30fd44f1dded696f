// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "cache/body/chunk.h"
#include "cache/body/held_bytes.h"
#include "cache/store/object.h"
#include "cache/tags/raw_entries.h"
#include "conf/base/clock.h"
#include "conf/settings.h"
#include "daemon/fetch/published_times.h"
#include "daemon/orders/orders.h"
#include "upstream/transfers.h"

/// What a fill needs of the thread that owns it, in parts that a test can stand in for.
namespace larder {

class Fill;

/// Why an answer may not be shared.
enum class Unshareable : std::uint8_t {
  lasting,  ///< the origin says so (private, no-store...): the next one will be alike
  refusal,  ///< 401, 403, 412: perhaps gone at the next request
  brief,    ///< it is no answer to keep: the next one may be another
};

/// Keeps the fills, and takes what a fill cannot serve itself.
class FillOwner {
 public:
  virtual ~FillOwner() = default;
  virtual WallTime wall() const = 0;
  /// The key under which a whole answer of this status is to be stored.
  virtual CacheKey place_of(const FillOrder& order, int status) = 0;
  /// AnchoredClock's.
  virtual std::int64_t ahead_ms() const { return 0; }
  /// The answer is for its leader alone: these others need a fetch each. `why` says what the next
  /// herd has to expect. Nobody may join the fill any more.
  virtual void on_unshareable(const Fill& fill, std::vector<FillOrder> others, Unshareable why) = 0;
  /// The leader failed: these others may be served by one retry, else they get `refusal`. One that
  /// says when to come again forbids the retry.
  virtual void on_leader_failed(const Fill& fill, std::vector<FillOrder> others,
                                const Refusal& refusal) = 0;
  /// What became of the whole answer.
  virtual void on_verdict(const Fill& fill, StoreVerdict verdict) = 0;
  /// The waiter has had its last event.
  virtual void on_waiter_over(Waiter waiter) = 0;
  /// Nothing more to do; destroys the fill.
  virtual void on_over(const Fill& fill) = 0;
};

/// One body on its way into the store. Destroyed before commit() it leaves nothing.
class FillWrite {
 public:
  virtual ~FillWrite() = default;
  /// False = there is no room for it: nothing can be committed.
  virtual bool append(const Chunk& piece) = 0;
  /// With all that was appended as its body. At most once. False = refused.
  virtual bool commit(ObjectHead object, WallTime now) = 0;
};

/// The way into the store.
class FillStore {
 public:
  virtual ~FillStore() = default;
  virtual std::uint64_t max_object_bytes() const = 0;
  /// Store::epoch().
  virtual std::uint64_t epoch() const = 0;
  /// Store::shown_by(), for the place of the fill's scope.
  virtual std::uint64_t shown_by(const Fill& fill, std::uint64_t number, std::string_view tags,
                                 WallTime made_after, WallTime now) const = 0;
  /// `announced_bytes` 0 = not known. null = it is too large, or there is no room for it now.
  virtual std::unique_ptr<FillWrite> begin(const Fill& fill, std::uint64_t announced_bytes) = 0;
};

/// Learns which credentials the origin takes.
class CredentialWatch {
 public:
  virtual ~CredentialWatch() = default;
  /// The origin refuses the credential of the fill's order with this answer.
  virtual void on_rejected(const Fill& fill, std::shared_ptr<const AnswerHead> head,
                           const std::vector<Chunk>& body) = 0;
  virtual void on_accepted(const Fill& fill) = 0;
};

/// What the fills of one thread work with. Outlives them.
struct FillSurroundings {
  FillOwner& owner;
  FillStore& store;
  CredentialWatch& credentials;
  Transfers& transfers;
  const HeldBytes& held;
  const RawEntries& raw;
  const PublishedTimes& published;
};

}  // namespace larder
