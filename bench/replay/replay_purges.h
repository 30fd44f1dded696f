// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "bench/load/http_target.h"
#include "bench/run/errand.h"
#include "bench/run/poll.h"

namespace larder::bench {

/// Changes of keys under way, side by side: first the origin is told the key's new length, then
/// the cache is told to purge the URL.
class ReplayPurges {
 public:
  struct Order {
    std::uint32_t key = 0;
    std::string uid;
    std::uint64_t new_bytes = 0;  ///< 0 = as it is
  };

  /// Without `admin` nothing is purged.
  ReplayPurges(Endpoint control, std::optional<Endpoint> admin)
      : control_(std::move(control)), admin_(std::move(admin)) {}

  void add(Order order) { jobs_.push_back({std::move(order), Step::waits, nullptr}); }
  /// Takes each order as far as it goes: begins it once `may_begin`, and says when it `ended`.
  /// Throws BenchError when a server refuses.
  void advance(Poll& poll, const std::function<bool(std::uint32_t key)>& may_begin,
               const std::function<void(std::uint32_t key)>& ended);
  std::size_t count() const { return jobs_.size(); }
  std::uint64_t purged() const { return purged_; }

 private:
  enum class Step : std::uint8_t { waits, tells_origin, purges, ended };
  struct Job {
    Order order;
    Step step;
    std::unique_ptr<Errand> errand;
  };

  void go_on(Job& job, Poll& poll);
  void tell_origin(Job& job, Poll& poll);
  void purge(Job& job, Poll& poll);

  Endpoint control_;
  std::optional<Endpoint> admin_;
  std::list<Job> jobs_;
  std::uint64_t purged_ = 0;
};

}  // namespace larder::bench
