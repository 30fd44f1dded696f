// SPDX-License-Identifier: Apache-2.0
#include "daemon/bus/bus_sender.h"

#include <random>
#include <utility>

#include "conf/base/thread_role.h"

namespace larder {
namespace {

/// Of quiet before it is kept that nothing is left to be sent: a commit for many entries.
constexpr Milliseconds kQuietMs = 500;

}  // namespace

BusSender::BusSender(const BusConfig& config, BusOutbox& outbox, BusReport& report,
                     std::function<void()> pay)
    : config_(config), outbox_(outbox), report_(report), pay_(std::move(pay)), thread_([this] {
        run();
      }) {}

BusSender::~BusSender() {
  interrupt_.raise();
  thread_.join();
}

/// A connection that Redis has closed for its idleness is no trouble: the first try after one that
/// has worked comes at once.
void BusSender::run() {
  begin_thread("bus-send", Urgency::steady);
  BusBackOff back_off;
  std::random_device random;
  while (!outbox_.stopping()) {
    const auto done = send_all();
    connection_.reset();
    if (done || outbox_.stopping()) break;
    if (std::exchange(worked_, false)) {
      back_off.reset();
      continue;
    }
    report_.trouble_sending(done.error().context);
    outbox_.pause(back_off.next(random()));
  }
  outbox_.end();
}

/// Until an error, or until the end.
Result<void> BusSender::send_all() {
  auto opened = BusConnection::open(config_, interrupt_);
  if (!opened) return tl::unexpected<Error>(opened.error());
  connection_ = *std::move(opened);
  while (!outbox_.stopped()) {
    const auto entry = outbox_.wait(kQuietMs);
    if (!entry) {
      worked_ = true;
      report_.trouble_sending("");
      outbox_.pay(pay_);
      continue;
    }
    const auto id = connection_->append(*entry);
    if (!id) return tl::unexpected<Error>(id.error());
    worked_ = true;
    report_.trouble_sending("");
    report_.sent_one();
    outbox_.sent();
  }
  return {};
}

}  // namespace larder
