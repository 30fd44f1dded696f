// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "upstream/answer.h"
#include "upstream/transfer.h"
#include "upstream/transfers.h"

/// The origin's side of fills and relays, and their clients', played by the test.
namespace larder::test {

/// Transfers that do what the test says. Numbered in the order of their start, from 0.
class FakeTransfers final : public Transfers {
 public:
  bool full = false;  ///< start() and promote() refuse

  struct Started {
    std::unique_ptr<Transfer> transfer;
    OriginRequest request;
    TransferSink* sink = nullptr;  ///< null = over or abandoned
    Lane lane = Lane::visitor;
    bool paused = false;
    bool abandoned = false;
    ResponseFacts facts;
  };

  larder::Started start(OriginRequest request, TransferSink* sink, Lane lane) override {
    if (full) return tl::unexpected(OriginError{OriginCause::overload, "full", 1});
    started_.push_back(std::make_unique<Started>());
    Started& one = *started_.back();
    one.transfer =
        std::make_unique<Transfer>(OriginRequest{}, sink, config_, site_, Transfer::Place{});
    one.request = std::move(request);
    one.sink = sink;
    one.lane = lane;
    return one.transfer.get();
  }
  bool promote(Transfer* transfer, Lane to) override {
    if (full) return false;
    of(transfer).lane = to;
    return true;
  }
  void pause(Transfer* transfer) override { of(transfer).paused = true; }
  void resume(Transfer* transfer) override { of(transfer).paused = false; }
  void abandon(Transfer* transfer) override {
    of(transfer).abandoned = true;
    of(transfer).sink = nullptr;
  }

  std::size_t count() const { return started_.size(); }
  const Started& at(std::size_t number) const { return *started_.at(number); }

  /// The header arrives, with the beginning of a body.
  void head(std::size_t number, int status, const std::vector<std::string>& lines,
            std::string body = "") {
    tell(number, with_head(number, status, lines, std::move(body)));
  }
  void body(std::size_t number, std::string bytes) {
    TransferProgress progress;
    progress.body = std::move(bytes);
    tell(number, std::move(progress));
  }
  void end(std::size_t number, std::string bytes = "", bool framed = true) {
    TransferProgress progress;
    progress.body = std::move(bytes);
    progress.ended = true;
    progress.framed = framed;
    tell(number, std::move(progress));
  }
  /// Header, body and end in one.
  void answer(std::size_t number, int status, const std::vector<std::string>& lines,
              std::string body, bool framed = true) {
    auto progress = with_head(number, status, lines, std::move(body));
    progress.ended = true;
    progress.framed = framed;
    tell(number, std::move(progress));
  }
  void fail(std::size_t number, OriginCause cause = OriginCause::broken) {
    TransferProgress progress;
    progress.ended = true;
    progress.error = OriginError{cause, "as the test wants it"};
    tell(number, std::move(progress));
  }

 private:
  Started& of(const Transfer* transfer) {
    for (auto& one : started_) {
      if (one->transfer.get() == transfer) return *one;
    }
    FAIL("no such transfer");
    return *started_.front();
  }
  TransferProgress with_head(std::size_t number, int status, const std::vector<std::string>& lines,
                             std::string body) {
    ResponseFacts& facts = started_.at(number)->facts;
    facts.status = status;
    for (const auto& line : lines) add_header_line(facts, line);
    TransferProgress progress;
    progress.head = &facts;
    progress.body = std::move(body);
    return progress;
  }
  void tell(std::size_t number, TransferProgress progress) {
    Started& one = *started_.at(number);
    REQUIRE(one.sink != nullptr);
    TransferSink* const sink = progress.ended ? std::exchange(one.sink, nullptr) : one.sink;
    sink->on_progress(std::move(progress));
  }

  /// For transfers that never start.
  struct IdleSite final : TransferSite {
    std::unique_ptr<OriginConnection> new_connection(
        const std::string&, const std::shared_ptr<const UpstreamConfig>&) override {
      return nullptr;
    }
    void give_back(std::unique_ptr<OriginConnection>, bool) override {}
    void distrust(const std::string&) override {}
    void lost(const std::string&) override {}
    bool is_well(const std::string&) override { return true; }
    std::span<char> read_buffer() override { return {}; }
    void note(Transfer&) override {}
    void tell() override {}
  };

  std::shared_ptr<const UpstreamConfig> config_ = std::make_shared<const UpstreamConfig>();
  IdleSite site_;
  std::vector<std::unique_ptr<Started>> started_;
};

/// A worker that writes down what its waiters get.
class FakeOut final : public AnswerOut {
 public:
  struct Got {
    std::shared_ptr<const AnswerHead> head;
    std::string body;
    AnswerEvent::End end = AnswerEvent::End::no;
    AnswerSource source = AnswerSource::fill;
    bool stored = false;
    std::int64_t age_s = -1;
    std::optional<Refusal> failure;
    unsigned events = 0;

    bool complete() const { return end == AnswerEvent::End::complete; }
    bool failed() const { return end == AnswerEvent::End::failed; }
  };

  void send(AnswerEvent event) override {
    Got& got = got_[event.waiter];
    CHECK(got.end == AnswerEvent::End::no);
    CHECK((event.head == nullptr || got.head == nullptr));
    if (event.head != nullptr) {
      got.head = event.head;
      got.age_s = event.age_s;
    }
    CHECK((event.body.empty() || got.head != nullptr));
    for (const auto& piece : event.body) got.body += *piece;
    got.end = event.end;
    got.source = event.source;
    got.stored = event.stored;
    got.failure = event.failure;
    ++got.events;
  }
  void take_sent() override {}

  const Got& of(std::uint64_t waiter) { return got_[waiter]; }

 private:
  std::map<std::uint64_t, Got> got_;
};

}  // namespace larder::test
