// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cache/body/held_bytes.h"
#include "daemon/client/client_host.h"
#include "daemon/client/http1_connection.h"
#include "daemon/http1/transport.h"
#include "tests/cache/request_builder.h"
#include "tests/cache/store_fixture.h"

/// A client's socket and a worker, for tests of what stands between them.
namespace larder::test {

/// A socket without a peer. The test says how much it takes, and reads what it took.
class FakeTransport final : public Transport {
 public:
  static constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

  std::string sent;         ///< what the socket took, in order
  std::size_t room = kAll;  ///< bytes that it takes until take() makes more
  unsigned try_writes = 0;  ///< calls with anything to write
  unsigned writes = 0;
  std::size_t kernel = 0;  ///< kernel_bytes()
  bool broken = false;     ///< try_write() fails
  bool resets = true;      ///< can_reset()
  bool is_reading = false;
  bool is_shut_down = false;
  bool is_closed = false;
  bool was_reset = false;

  TransportUser& user() { return *user_; }

  /// The client reads `bytes` more. A write that is through is reported.
  void take(std::size_t bytes = kAll) {
    room = bytes;
    if (writing_.empty()) return;
    const auto count = std::min(room, writing_.size());
    sent.append(writing_, 0, count);
    writing_.erase(0, count);
    if (room != kAll) room -= count;
    if (!writing_.empty() || is_closed) return;
    pieces_.clear();
    user_->on_written(std::exchange(write_bytes_, 0));
  }
  bool is_writing() const { return !writing_.empty(); }

  void set_user(TransportUser& user) override { user_ = &user; }
  std::string peer() const override { return "192.0.2.1"; }
  void start_reading() override { is_reading = true; }
  void stop_reading() override { is_reading = false; }
  Result<std::size_t> try_write(std::span<const std::string_view> pieces) override {
    if (broken) return fail(Error::Code::io, "broken");
    std::size_t count = 0;
    bool any = false;
    for (const auto piece : pieces) {
      any = any || !piece.empty();
      const auto part = piece.substr(0, is_writing() ? 0 : room);
      sent.append(part);
      count += part.size();
      if (room != kAll) room -= part.size();
    }
    if (any) ++try_writes;
    return count;
  }
  void write(std::vector<OutPiece> pieces) override {
    LARDER_CHECK(!is_writing());
    ++writes;
    pieces_ = std::move(pieces);
    for (const auto& piece : pieces_) writing_.append(piece.rest());
    write_bytes_ = writing_.size();
  }
  void shut_down_sending() override { is_shut_down = true; }
  std::size_t unsent() const override { return writing_.size(); }
  std::size_t kernel_bytes() const override { return kernel; }
  std::size_t sole_bytes() const override {
    std::size_t bytes = 0;
    for (const auto& piece : pieces_) bytes += piece.sole_bytes();
    return bytes;
  }
  void close() override { is_closed = true; }
  void reset() override {
    if (!std::exchange(is_closed, true)) was_reset = true;
  }
  bool can_reset() const override { return resets; }

 private:
  TransportUser* user_ = nullptr;
  std::vector<OutPiece> pieces_;
  std::string writing_;
  std::size_t write_bytes_ = 0;
};

/// A worker without a loop, over a store of its own. The fetch thread is `orders`, and the test.
class FakeHost final : public ClientHost, private AnswerOut {
 public:
  explicit FakeHost(Bytes max_output = 1u << 20)
      : ClientHost(parser_, planner_, reader_, metrics_, DecisionRing(16)),
        held_(1u << 20, max_output) {
    count_ids_from(1);  // no id looks like the end of a chunked body
  }

  ServerConfig& server_settings() { return settings_->config.server; }
  /// Time passes, and with it a turn of the loop.
  void pass(std::int64_t ms) {
    now_.ms += ms;
    forget_time();
    reader_.end_turn();
    turn().begin_turn();
  }
  std::vector<FetchOrder> orders;
  std::vector<AccessRecord> log;
  bool logging = false;
  double share = 1;     ///< access_share() while `logging`
  unsigned errors = 0;  ///< requests of which it was told that they are errors
  std::vector<RequestSample> sampled;
  bool sampling = false;
  unsigned refreshes = 0;
  unsigned closed = 0;  ///< connections

  template <class Order>
  unsigned count() const {
    unsigned found = 0;
    for (const auto& order : orders) found += std::holds_alternative<Order>(order) ? 1 : 0;
    return found;
  }
  template <class Order>
  const Order& last() const {
    const auto found = std::find_if(orders.rbegin(), orders.rend(), [](const auto& order) {
      return std::holds_alternative<Order>(order);
    });
    LARDER_CHECK(found != orders.rend());
    return std::get<Order>(*found);
  }
  std::uint64_t counted(larder::Outcome outcome) const {
    return metrics_.requests[static_cast<std::size_t>(outcome)].get();
  }
  const HeldBytes& held() const { return held_; }
  Store& store() { return store_; }
  std::size_t waiters() const { return waiters_.size(); }
  std::size_t in_line() const { return line_.size(); }

  Plan plan(const RequestView& request) {
    return planner_.plan(request, ListenerConfig::Role::delivery, wall());
  }

  /// Tells the last order's waiter.
  void answer(AnswerEvent event) {
    AnswerTaker* taker = waiters_.rbegin()->second;
    event.waiter = waiters_.rbegin()->first;
    taker->on_answer(std::move(event));
  }

  /// Stores `body` as the answer to the delivery request of `target`, fresh for an hour, good for
  /// revalidation for another, and for errors for a third.
  void store_answer(const std::string& target, const std::string& body, int status = 200) {
    auto request = testing::RequestBuilder::delivery(target);
    const Plan plan = planner_.plan(request.view(), ListenerConfig::Role::delivery, wall());
    Decoded scratch;
    NewObject object;
    object.key = plan.key;
    object.canonical = testing::run(request, settings_->config, scratch).bytes;
    object.meta.scope = plan.scope->mac;
    object.meta.status = status;
    object.meta.etag.bytes.fill(1);
    object.meta.lifetime = {.stored = wall(),
                            .fresh_until = {wall().ms + kHour},
                            .revalidate_until = {wall().ms + 2 * kHour},
                            .error_until = {wall().ms + 3 * kHour}};
    object.meta.body_length = body.size();
    object.entity_fields = "Content-Length: " + std::to_string(body.size()) + "\r\n";
    object.shared_fields = "ETag: " + format_entity_tag(object.meta.etag) + "\r\n";
    object.body.push_back(std::make_shared<const std::string>(body));
    ScopeLabel label = label_of(0);
    label.mac = plan.scope->mac;
    Outcome<bool> outcome;
    LARDER_CHECK(put(store_, std::move(object), label, [&](bool done) { outcome.set(done); }));
    LARDER_CHECK(outcome.wait());
    reader_.end_turn();
  }
  static constexpr std::int64_t kHour = 3'600'000;

  // ClientHost
  const ServerConfig& server() const override { return settings_->config.server; }
  const UpstreamConfig& upstream() const override { return settings_->config.upstream; }
  Time read_time() const override { return {.now = now_, .wall = {wall_.ms + now_.ms}}; }
  std::string_view date() override { return "DATE"; }
  Waiter add_waiter(AnswerTaker& taker) override {
    waiters_[++last_waiter_] = &taker;
    return {this, last_waiter_};
  }
  void remove_waiter(std::uint64_t waiter) override { waiters_.erase(waiter); }
  void post(FetchOrder order) override { orders.push_back(std::move(order)); }
  void refresh(const RequestView&, const Plan&) override { ++refreshes; }
  Chunk hold_output(std::string bytes) override { return held_.hold_output(std::move(bytes)); }
  HeldBytes::OutputCharge charge_output(std::size_t bytes) override {
    return held_.charge_output(bytes);
  }
  std::uint64_t begin_waiting(OutputHolder& holder) override {
    line_[++last_place_] = &holder;
    return last_place_;
  }
  void end_waiting(std::uint64_t place) override { line_.erase(place); }
  bool make_output_room(std::size_t bytes) override {
    while (!held_.output_will_have_room(bytes)) {
      if (line_.empty()) return false;
      OutputHolder& longest = *line_.begin()->second;
      longest.cut_off();
      held_.begin_leaving(longest.cut_bytes());
    }
    return true;
  }
  bool logs() const override { return logging; }
  double access_share(bool is_error) override {
    errors += is_error ? 1 : 0;
    return logging ? share : 0;
  }
  void log_request(const AccessRecord& record) override { log.push_back(record); }
  bool samples() const override { return sampling; }
  void sample_request(const RequestSample& sample) override { sampled.push_back(sample); }
  void on_connection_closed(Http1Connection&) override { ++closed; }

 private:
  void send(AnswerEvent) override {}
  void take_sent() override {}

  static std::shared_ptr<Settings> open_settings() {
    auto settings = std::make_shared<Settings>();
    settings->config.open.hosts.delivery = "https://cdn.example";
    settings->config.open.hosts.preview = "https://preview.example";
    return settings;
  }

  TemporaryDirectory directory_;
  std::shared_ptr<Settings> settings_ = open_settings();
  InstallSecret secret_ = secret_of(7);
  // So small a file that bodies beyond 8 KiB lie in rows of their own.
  Store store_{config_at(directory_.path(), 4u << 20), 1'024, hasher(), make_fifo()};
  StoreReader reader_ = store_.reader();
  RejectedSet rejected_;
  RequestMemo memo_{settings_};
  Planner planner_{settings_, secret_, hasher(), reader_, rejected_, memo_};
  RequestParser parser_{settings_->config.server, &memo_};
  WorkerMetrics metrics_;
  HeldBytes held_;
  MonotonicTime now_{1'000};
  WallTime wall_ = wall_now();
  std::map<std::uint64_t, AnswerTaker*> waiters_;
  std::map<std::uint64_t, OutputHolder*> line_;
  std::uint64_t last_waiter_ = 0;
  std::uint64_t last_place_ = 0;
};

/// Events as the fetch thread sends them.
inline std::shared_ptr<const AnswerHead> head_of(std::optional<std::uint64_t> length,
                                                 int status = 200) {
  auto head = std::make_shared<AnswerHead>();
  head->status = status;
  if (length) head->blocks.entity = "Content-Length: " + std::to_string(*length) + "\r\n";
  head->blocks.shared = "ETag: \"tag\"\r\n";
  head->body_length = length;
  head->etag = "\"tag\"";
  return head;
}
inline Chunk chunk_of(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

inline AnswerEvent event_of(std::shared_ptr<const AnswerHead> head, std::vector<std::string> pieces,
                            AnswerEvent::End end = AnswerEvent::End::no) {
  AnswerEvent event;
  event.head = std::move(head);
  for (auto& piece : pieces) event.body.push_back(chunk_of(std::move(piece)));
  event.end = end;
  return event;
}

/// Of all answers in `bytes`: what follows the heads. Only for answers with Content-Length, or the
/// last one.
inline std::string body_behind_head(const std::string& bytes) {
  const auto end = bytes.find("\r\n\r\n");
  return end == std::string::npos ? "" : bytes.substr(end + 4);
}
inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace larder::test
