// SPDX-License-Identifier: Apache-2.0
#include "daemon/bus/bus_report.h"

#include "conf/base/check.h"
#include "conf/base/json_text.h"
#include "conf/base/log.h"
#include "conf/base/redact.h"
#include "daemon/watch/exposition.h"

namespace larder {
namespace {

constexpr std::int64_t kSayEveryMs = 60'000;

}  // namespace

void BusReport::set_state(BusState state) {
  const BusState before = state_.load(std::memory_order_relaxed);
  if (before == state) return;
  LARDER_CHECK(may_follow(before, state));
  state_.store(state, std::memory_order_relaxed);
}

void BusReport::tell(Trouble& trouble, const char* what, const std::string& text) {
  const std::lock_guard lock(mutex_);
  const bool begins = trouble.text.empty() && !text.empty();
  const bool ends = !trouble.text.empty() && text.empty();
  trouble.text = text;
  if (begins) {
    log(LogLevel::warning, "bus",
        std::string("the bus ") + what + ": " + text +
            "; requests are answered all the same, and purges pass between the nodes when it is "
            "back: see to Redis and to [bus]");
  }
  if (ends) log(LogLevel::info, "bus", "the bus is back");
}

void BusReport::read_one(std::int64_t lag_ms) {
  read_.fetch_add(1, std::memory_order_relaxed);
  lag_ms_.store(lag_ms < 0 ? 0 : lag_ms, std::memory_order_relaxed);
}

void BusReport::gap(const std::string& why) {
  gaps_.fetch_add(1, std::memory_order_relaxed);
  log(LogLevel::warning, "bus",
      why +
          ": purges may have been missed, so all scopes are purged; raise bus.keep if nodes are "
          "away for long, and let Redis keep its data");
}

void BusReport::unreadable(MonotonicTime now) {
  unreadable_.fetch_add(1, std::memory_order_relaxed);
  const std::int64_t said = said_unreadable_ms_.load(std::memory_order_relaxed);
  if (said != 0 && now.ms - said < kSayEveryMs) return;
  said_unreadable_ms_.store(now.ms, std::memory_order_relaxed);
  log(LogLevel::warning, "bus",
      "an entry of the stream is none that this larder knows, so all scopes are purged; let only "
      "larder write to it, of one version");
}

std::string BusReport::metrics_text(std::size_t queue) const {
  const auto get = [](const auto& number) {
    return static_cast<std::uint64_t>(number.load(std::memory_order_relaxed));
  };
  Exposition out;
  out.single("larder_bus_connected", "gauge", "1 = the bus is read.",
             state() == BusState::away ? 0 : 1);
  out.single("larder_bus_following", "gauge", "1 = all that other nodes have sent is applied.",
             state() == BusState::following ? 1 : 0);
  out.family("larder_bus_lag_seconds", "gauge",
             "From the appending of the last entry to the end of its purge here.");
  out.sample_ms({}, static_cast<std::int64_t>(get(lag_ms_)));
  out.single("larder_bus_entries_read_total", "counter", "Entries of other nodes applied.",
             get(read_));
  out.single("larder_bus_entries_sent_total", "counter", "Entries appended.", get(sent_));
  out.single("larder_bus_gaps_total", "counter",
             "Times that all scopes were purged because what was missed is not known.", get(gaps_));
  out.single("larder_bus_entries_unreadable_total", "counter",
             "Entries that this larder does not know.", get(unreadable_));
  out.single("larder_bus_queue", "gauge", "Entries that wait to be appended.", queue);
  return out.take();
}

std::string BusReport::status_json(std::size_t queue) const {
  const auto field = [](const char* name, const auto& number) {
    return ",\"" + std::string(name) +
           "\":" + std::to_string(number.load(std::memory_order_relaxed));
  };
  std::string out = "{\"state\":" + json_quote(name_of(state()));
  out += field("lag_ms", lag_ms_);
  out += field("read", read_);
  out += field("sent", sent_);
  out += field("gaps", gaps_);
  out += field("unreadable", unreadable_);
  out += ",\"queue\":" + std::to_string(queue);
  const std::lock_guard lock(mutex_);
  const std::string& trouble = reading_.text.empty() ? sending_.text : reading_.text;
  out += ",\"trouble\":" + (trouble.empty() ? std::string("null") : json_quote(redact(trouble)));
  return out + "}";
}

}  // namespace larder
