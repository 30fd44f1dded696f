// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

namespace larder::bench {

/// Which key of a replay may be asked for now: not while a change of it is under way. Requests for
/// such a key are held until the change has ended.
class ReplayKeys {
 public:
  explicit ReplayKeys(std::size_t keys) : states_(keys) {}

  bool is_changing(std::uint32_t key) const { return states_[key].changing; }
  bool is_asked_for(std::uint32_t key) const { return states_[key].asked > 0; }
  /// A change keeps its place in the trace: it waits for requests that another holds.
  bool may_change(std::uint32_t key) const {
    return !states_[key].changing && states_[key].held == 0;
  }
  void begin_change(std::uint32_t key) { states_[key].changing = true; }
  void end_change(std::uint32_t key);

  void hold(std::uint32_t key, std::uint64_t line);
  std::size_t held() const { return held_count_; }
  /// The next line that was held and may be asked for now.
  std::optional<std::uint64_t> take_released();

  void note_asked(std::uint32_t key) { ++states_[key].asked; }
  void note_answered(std::uint32_t key) { --states_[key].asked; }

 private:
  struct State {
    std::uint32_t asked = 0;  ///< requests under way
    std::uint32_t held = 0;   ///< lines held or released, but not taken
    bool changing = false;
  };
  struct Released {
    std::uint32_t key;
    std::uint64_t line;
  };

  std::vector<State> states_;
  std::unordered_map<std::uint32_t, std::vector<std::uint64_t>> held_;
  std::deque<Released> released_;
  std::size_t held_count_ = 0;
};

}  // namespace larder::bench
