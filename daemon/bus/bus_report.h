// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "conf/base/clock.h"
#include "daemon/bus/bus_state.h"

namespace larder {

/// What is known of the bus, from its threads to whoever asks; says troubles once. Any thread.
class BusReport {
 public:
  void set_state(BusState state);  ///< the reading thread's
  BusState state() const { return state_.load(std::memory_order_relaxed); }
  /// `text`: why reading, or sending, does not go on. Said when it begins; "" = it is over.
  void trouble_reading(const std::string& text) { tell(reading_, "cannot be read", text); }
  void trouble_sending(const std::string& text) { tell(sending_, "cannot be written to", text); }
  /// An entry of another node was applied so long after it was appended.
  void read_one(std::int64_t lag_ms);
  void sent_one() { sent_.fetch_add(1, std::memory_order_relaxed); }
  /// What was missed is not known: all scopes were purged.
  void gap(const std::string& why);
  void unreadable(MonotonicTime now);

  std::string metrics_text(std::size_t queue) const;
  std::string status_json(std::size_t queue) const;

 private:
  struct Trouble {
    std::string text;
  };
  void tell(Trouble& trouble, const char* what, const std::string& text);

  std::atomic<BusState> state_{BusState::away};
  std::atomic<std::uint64_t> read_{0}, sent_{0}, gaps_{0}, unreadable_{0};
  std::atomic<std::int64_t> lag_ms_{0};
  std::atomic<std::int64_t> said_unreadable_ms_{0};
  mutable std::mutex mutex_;
  Trouble reading_, sending_;  ///< under mutex_
};

}  // namespace larder
