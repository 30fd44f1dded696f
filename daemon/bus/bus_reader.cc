// SPDX-License-Identifier: Apache-2.0
#include "daemon/bus/bus_reader.h"

#include <chrono>
#include <random>
#include <utility>

#include "conf/base/thread_role.h"
#include "daemon/orders/orders.h"

namespace larder {
namespace {

/// Entries that mean nothing here, before a commit of its own keeps the position behind them.
constexpr std::size_t kMostUnkept = 100;
constexpr Milliseconds kRetryMs = 1'000;

}  // namespace

std::string bus_feed(const BusConfig& config) {
  return "bus " + config.stream;
}

BusReader::BusReader(const BusConfig& config, std::string node, std::optional<BusId> position,
                     BusReport& report, Ways ways)
    : config_(config),
      node_(std::move(node)),
      position_(position),
      report_(report),
      ways_(std::move(ways)),
      thread_([this] { run(); }) {}

void BusReader::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(turn_->mutex);
    turn_->stopped = true;
  }
  turn_->changed.notify_all();
  interrupt_.raise();
  thread_.join();
}

void BusReader::run() {
  begin_thread("bus-read", Urgency::steady);
  std::random_device random;
  const auto stopped = [this] {
    const std::lock_guard lock(turn_->mutex);
    return turn_->stopped;
  };
  while (!stopped()) {
    auto connection = BusConnection::open(config_, interrupt_);
    Result<void> done;
    if (connection) {
      report_.set_state(BusState::joining);
      done = follow(**connection);
      report_.set_state(BusState::away);
    } else {
      done = tl::unexpected<Error>(connection.error());
    }
    if (done || stopped()) break;
    too_large_ = done.error().code == Error::Code::full;
    report_.trouble_reading(done.error().context);
    pause(back_off_.next(random()));
  }
}

/// Until an error, or until stop().
Result<void> BusReader::follow(BusConnection& connection) {
  if (std::exchange(too_large_, false)) {
    if (auto done = begin_anew(connection, "the stream holds what is too large"); !done)
      return done;
  }
  for (;;) {
    if (!position_) {
      const char* why = "how far this node has read the stream is not known";
      if (auto done = begin_anew(connection, why); !done) return done;
    }
    const auto batch = connection.read_behind(*position_, report_.state() == BusState::following);
    if (!batch) return tl::unexpected<Error>(batch.error());
    if (!can_go_on(position_, batch->has_position)) {
      report_.set_state(BusState::joining);
      const char* why = "the stream no longer has the last entry that this node has read";
      if (auto done = begin_anew(connection, why); !done) return done;
      continue;
    }
    report_.set_state(BusState::behind);
    back_off_.reset();
    report_.trouble_reading("");
    if (!apply(*batch)) return {};
    if (batch->entries.size() < BusConnection::kMostEntries) know();
  }
}

/// What was missed is not known. The mark is there before the purge: what comes behind the mark is
/// read, and what came before it is purged.
Result<void> BusReader::begin_anew(BusConnection& connection, const std::string& why) {
  const auto mark = connection.append(mark_entry(node_));
  if (!mark) return tl::unexpected<Error>(mark.error());
  report_.gap(why);
  PurgeOrder order = purge_of_all_scopes();
  order.position = FeedPosition{bus_feed(config_), position_text(*mark)};
  if (!purge(order)) return fail(Error::Code::io, "stopped");
  position_ = *mark;
  unkept_ = 0;
  return {};
}

void BusReader::know() {
  report_.set_state(BusState::following);
  if (std::exchange(caught_up_, true)) return;
  ways_.caught_up();
}

/// False = larderd stops. Of unreadable entries in a row the last one is enough.
bool BusReader::apply(const BusBatch& batch) {
  for (std::size_t i = 0; i < batch.entries.size(); ++i) {
    BusReading reading = read_bus_entry(batch.entries[i].fields, node_);
    if (reading.what == BusReading::What::unreadable) {
      report_.unreadable(monotonic_now());
      const bool more = i + 1 < batch.entries.size() &&
                        read_bus_entry(batch.entries[i + 1].fields, node_).what == reading.what;
      if (more) continue;
      reading.order = purge_of_all_scopes();
    }
    if (!apply(batch.entries[i], std::move(reading))) return false;
  }
  return unkept_ < kMostUnkept || keep_position();
}

bool BusReader::apply(const BusBatch::Entry& entry, BusReading reading) {
  if (reading.what == BusReading::What::nothing) {
    position_ = entry.id;
    ++unkept_;
    return true;
  }
  const bool keeps = reading.order.raises_epochs();
  if (keeps) {
    reading.order.position = FeedPosition{bus_feed(config_), position_text(entry.id)};
  }
  if (!purge(reading.order)) return false;
  position_ = entry.id;
  unkept_ = keeps ? 0 : unkept_ + 1;
  report_.read_one(wall_now().ms - static_cast<std::int64_t>(entry.id.ms));
  return true;
}

bool BusReader::keep_position() {
  unkept_ = 0;
  return purge(purge_of_nothing({bus_feed(config_), position_text(*position_)}));
}

/// Until it is durable; false = larderd stops.
bool BusReader::purge(const PurgeOrder& order) {
  for (;;) {
    const auto result = purge_once(order);
    if (!result) return false;
    if (!result->error) return true;
    report_.trouble_reading("a purge failed: " + result->error->context);
    pause(kRetryMs);
  }
}

std::optional<PurgeResult> BusReader::purge_once(PurgeOrder order) {
  ways_.purge(std::move(order), [turn = turn_](PurgeResult result) {
    const std::lock_guard lock(turn->mutex);
    turn->result = std::move(result);
    turn->changed.notify_all();
  });
  std::unique_lock lock(turn_->mutex);
  turn_->changed.wait(lock, [this] { return turn_->result || turn_->stopped; });
  return std::exchange(turn_->result, std::nullopt);
}

void BusReader::pause(Milliseconds ms) {
  std::unique_lock lock(turn_->mutex);
  turn_->changed.wait_for(lock, std::chrono::milliseconds(ms), [this] { return turn_->stopped; });
}

}  // namespace larder
