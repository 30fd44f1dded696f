// SPDX-License-Identifier: Apache-2.0
#include "bench/simulate/simulation_grid.h"

#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "bench/run/amounts.h"
#include "bench/run/command.h"

namespace larder::bench {
namespace {

constexpr std::uint64_t kEventsBetweenNews = 10'000;
constexpr std::chrono::milliseconds kLook{20};

/// CPU time of this thread.
double thread_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

struct Job {
  GridCell* cell;
  bool undisturbed;
};

/// Threads that take one job after the other.
class Workshop {
 public:
  Workshop(const Trace& trace, const Future* future, const Mishaps& mishaps, std::vector<Job> jobs)
      : trace_(trace), future_(future), mishaps_(mishaps), jobs_(std::move(jobs)) {}

  void work() {
    for (std::size_t next = next_++; next < jobs_.size(); next = next_++) {
      if (!run(jobs_[next])) break;
    }
    --working_;
  }
  void run_all(unsigned threads, const std::function<void(double)>& tell) {
    working_ = threads;
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < threads; ++i) workers.emplace_back([this] { work(); });
    const auto all = static_cast<double>(trace_.events.size() * jobs_.size());
    while (working_ > 0) {
      std::this_thread::sleep_for(kLook);
      tell(static_cast<double>(events_) / all);
    }
  }

 private:
  bool run(const Job& job) {
    GridCell& cell = *job.cell;
    Mishaps mishaps = mishaps_;
    mishaps.only_measure_restart = job.undisturbed;
    const double start = thread_seconds();
    Simulation simulation(trace_, *cell.policy, future_, cell.budget, mishaps);
    while (simulation.run(kEventsBetweenNews)) {
      events_ += kEventsBetweenNews;
      if (interrupted()) return false;
    }
    if (job.undisturbed) {
      cell.undisturbed = simulation.result();
    } else {
      cell.result = simulation.result();
      cell.seconds = thread_seconds() - start;
    }
    return true;
  }

  const Trace& trace_;
  const Future* const future_;
  const Mishaps mishaps_;
  const std::vector<Job> jobs_;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::uint64_t> events_{0};
  std::atomic<unsigned> working_{0};
};

std::vector<GridCell> empty_cells(const Trace& trace, const GridPlan& plan) {
  std::vector<GridCell> cells;
  for (const CacheSize& size : plan.sizes) {
    const std::uint64_t bytes = size.of(trace.footprint_bytes);
    const bool store = plan.charge == Budget::Charge::store;
    Budget budget = store ? budget_of_store(bytes) : budget_of_bytes(bytes);
    if (plan.low_water) budget.low_water = *plan.low_water;
    for (const PolicyChoice* policy : plan.policies) {
      GridCell& cell = cells.emplace_back();
      cell.size = size;
      cell.bytes = bytes;
      cell.budget = budget;
      cell.policy = policy;
    }
  }
  return cells;
}

}  // namespace

std::vector<CacheSize> take_out_too_small(GridPlan& plan, std::uint64_t footprint_bytes) {
  const std::uint64_t least = plan.charge == Budget::Charge::store ? kLeastCacheBytes : 1;
  const auto fits = [&](const CacheSize& size) { return size.of(footprint_bytes) >= least; };
  const auto small = std::stable_partition(plan.sizes.begin(), plan.sizes.end(), fits);
  std::vector<CacheSize> taken(small, plan.sizes.end());
  plan.sizes.erase(small, plan.sizes.end());
  if (plan.sizes.empty()) {
    throw BenchError("no size is left to simulate: all are below " + bytes_text(least) +
                     ", the least that there is; give larger ones by --size");
  }
  return taken;
}

std::vector<GridCell> simulate_grid(const Trace& trace, const GridPlan& plan,
                                    const std::function<void(double)>& tell) {
  std::vector<GridCell> cells = empty_cells(trace, plan);
  std::vector<Job> jobs;
  for (GridCell& cell : cells) {
    jobs.push_back({&cell, false});
    if (plan.mishaps.restart) jobs.push_back({&cell, true});
  }
  std::optional<Future> future;
  if (std::any_of(plan.policies.begin(), plan.policies.end(),
                  [](const PolicyChoice* policy) { return policy->clairvoyant; })) {
    future.emplace(trace);
  }
  Workshop workshop(trace, future ? &*future : nullptr, plan.mishaps, std::move(jobs));
  workshop.run_all(std::max(plan.threads, 1u), tell);
  check_interrupted();
  return cells;
}

}  // namespace larder::bench
