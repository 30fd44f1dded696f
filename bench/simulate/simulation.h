// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>

#include "bench/load/zipf.h"
#include "bench/run/budget.h"
#include "bench/simulate/policy_choice.h"
#include "bench/trace/trace.h"

namespace larder::bench {

/// What goes otherwise than in a cache that runs on and sees all.
struct Mishaps {
  double drop_hits = 0;               ///< part of the hits that the policy is not told of
  std::optional<double> restart;      ///< after this part of the requests
  bool only_measure_restart = false;  ///< it does not happen; for comparison
};

/// Misses and what they weigh, of all requests or some.
struct Tally {
  std::uint64_t requests = 0, misses = 0, bytes = 0, missed_bytes = 0;

  double miss_ratio() const;
  double byte_miss_ratio() const;
};

struct SimulationResult {
  Tally all;
  Tally after_restart;  ///< the next 1 % of the trace's requests
  Tally later;          ///< the rest
  std::uint64_t stores = 0, evictions = 0, not_admitted = 0, too_large = 0;
  std::uint64_t most_objects = 0, most_charged = 0;
  std::uint64_t objects_at_end = 0;
  std::uint64_t store_cost_at_end =
      0;  ///< of the objects that are there, whatever they were charged
};

/// One policy with one budget over one trace.
class Simulation {
 public:
  Simulation(const Trace& trace, const PolicyChoice& choice, const Future* future,
             const Budget& budget, const Mishaps& mishaps);

  /// The next `events` of the trace, fewer at its end. False = that was the end.
  bool run(std::uint64_t events);
  SimulationResult result() const;

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  struct Object {
    std::uint32_t key = kNone;  ///< kNone: the slot is free
    std::uint64_t size = 0, cost = 0;
    std::uint64_t stored_at = 0;  ///< event
    EvictionState saved;
  };

  void take(const TraceEvent& event);
  void request(const TraceEvent& event);
  bool hit(const TraceEvent& event);
  void miss(const TraceEvent& event);
  void make_room(std::uint64_t cost);
  void store(const TraceEvent& event, std::uint64_t cost, const EvictionState& state);
  void remove(std::uint32_t slot);
  std::uint32_t take_slot();
  void count(const TraceEvent& event, bool missed);
  void save_states(std::uint32_t time_s);
  void restart();
  EvictionTick tick() const { return static_cast<EvictionTick>(event_ + 1); }

  const Trace& trace_;
  const PolicyChoice& choice_;
  const Future* const future_;
  const Budget budget_;
  const Mishaps mishaps_;
  std::uint64_t event_ = 0;
  std::unique_ptr<EvictionPolicy> policy_;
  Random random_{1};
  std::vector<std::uint32_t> slot_of_key_;
  std::vector<Object> objects_;
  std::vector<std::uint32_t> free_;
  std::uint64_t charged_ = 0;
  std::uint64_t restart_at_;  ///< number of the request; 2^64 - 1 = never
  std::uint32_t saved_up_to_ = 0;
  std::uint32_t save_at_s_ = 0;
  SimulationResult result_;
};

}  // namespace larder::bench
