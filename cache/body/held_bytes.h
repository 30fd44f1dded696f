// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "cache/body/chunk.h"
#include "conf/config.h"

namespace larder {

/// Counts the bytes of bodies in memory: each once, however many hold it, until the last one lets
/// go. What the kernel holds for clients that do not read is counted as well. The bytes are in one
/// of two accounts, each with a bound of its own:
///
///     pending   on their way into the cache; a fill owns them     cache.max_pending
///     output    wait for clients and nothing else                 server.max_output
///
/// When a fill is over, or gives up storing, what clients still wait for passes to `output`: slow
/// readers never take the room of later fills. Thread-safe; chunks may outlive it.
class HeldBytes {
  struct Accounts {
    std::atomic<std::uint64_t> pending{0}, output{0}, leaving{0};
  };

 public:
  /// Has one owner; may outlive its HeldBytes. Made empty, it charges nothing.
  class OutputCharge {
   public:
    OutputCharge() = default;
    ~OutputCharge() { end(); }
    OutputCharge(OutputCharge&& other) noexcept { *this = std::move(other); }
    OutputCharge& operator=(OutputCharge&& other) noexcept;
    void end();

   private:
    friend class HeldBytes;
    OutputCharge(std::shared_ptr<Accounts> accounts, std::uint64_t bytes)
        : accounts_(std::move(accounts)), bytes_(bytes) {}
    std::shared_ptr<Accounts> accounts_;
    std::uint64_t bytes_ = 0;
  };

  /// What a piece costs beside its bytes, its places in queues included: tiny ones are not free.
  static constexpr std::uint64_t kPieceBytes = 256;

  HeldBytes(Bytes max_pending, Bytes max_output) { set_bounds(max_pending, max_output); }

  /// From the next question on; what is held already stays.
  void set_bounds(Bytes max_pending, Bytes max_output) {
    max_pending_.store(max_pending, std::memory_order_relaxed);
    max_output_.store(max_output, std::memory_order_relaxed);
  }

  Chunk hold_pending(std::string bytes) const { return hold(std::move(bytes), false); }
  Chunk hold_output(std::string bytes) const { return hold(std::move(bytes), true); }
  /// Counts bytes that are in no chunk as `output`, until the charge ends.
  OutputCharge charge_output(std::uint64_t bytes) const;
  /// Of a chunk from hold_pending(). By its owner's thread only.
  static void pass_to_output(const Chunk& chunk);

  std::uint64_t pending() const { return accounts_->pending.load(std::memory_order_relaxed); }
  std::uint64_t output() const { return accounts_->output.load(std::memory_order_relaxed); }
  /// What `output` has beyond its bound, until those who wait longest are cut off, is not to be had
  /// for `pending`: both together never exceed the sum of the bounds.
  bool pending_has_room(std::uint64_t bytes) const;
  bool output_has_room(std::uint64_t bytes) const { return output() + bytes <= max_output(); }
  /// As output_has_room(), with what is on its way out already given back.
  bool output_will_have_room(std::uint64_t bytes) const {
    return output() + bytes <= max_output() + accounts_->leaving.load(std::memory_order_relaxed);
  }
  /// Output of connections that were cut off is given back once their loop has closed them: until
  /// then nobody else needs be cut off for it.
  void begin_leaving(std::uint64_t bytes) const { accounts_->leaving.fetch_add(bytes); }
  void end_leaving(std::uint64_t bytes) const { accounts_->leaving.fetch_sub(bytes); }

 private:
  /// The end of a chunk; also finds its account again.
  struct Release {
    void operator()(const std::string* bytes) const noexcept;
    std::shared_ptr<Accounts> accounts;
    std::uint64_t charged = 0;
    bool output = false;
  };
  Chunk hold(std::string bytes, bool output) const;
  Bytes max_output() const { return max_output_.load(std::memory_order_relaxed); }

  std::atomic<Bytes> max_pending_{0};
  std::atomic<Bytes> max_output_{0};
  std::shared_ptr<Accounts> accounts_ = std::make_shared<Accounts>();
};

}  // namespace larder
