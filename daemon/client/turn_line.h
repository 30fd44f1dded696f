// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace larder {

/// Who has put something off to a later turn of its loop.
class TurnTaker {
 public:
  virtual ~TurnTaker() = default;
  /// Its turn has come: it has left the line, and may enter it again.
  virtual void on_turn() = 0;
};

/// How much one turn of a worker's loop does, and who waits for the next one, in the order in which
/// they came. Without it a thousand clients that ask for large bodies at once, or thousands that
/// leave at once, keep every small hit waiting until the last of them is served. Pure: the worker
/// says when a turn begins and when those in line go on. Used on its loop only.
class TurnLine {
 public:
  /// Bytes that one turn hands to the kernel: about 0.3 ms of copying.
  static constexpr std::size_t kTurnBytes = 1024 * 1024;
  /// Opening or ending a connection takes about as long (10 to 20 us) as so many bytes.
  static constexpr std::size_t kConnectionBytes = 16 * 1024;

  void begin_turn() { spent_ = 0; }
  void spend(std::size_t bytes) { spent_ += bytes; }
  /// Whatever can wait should enter the line.
  bool is_spent() const { return spent_ >= kTurnBytes; }

  /// Gives a place in the line, never 0. `taker` stays alive until its turn, or until it leaves.
  std::uint64_t enter(TurnTaker& taker);
  void leave(std::uint64_t place) { line_.erase(place); }
  bool is_empty() const { return line_.empty(); }
  /// Those in line go on, until this turn's bytes are spent.
  void run();

 private:
  std::size_t spent_ = 0;
  std::map<std::uint64_t, TurnTaker*> line_;
  std::uint64_t next_place_ = 1;
};

}  // namespace larder
