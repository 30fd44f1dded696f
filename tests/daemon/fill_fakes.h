// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/fetch/fill.h"
#include "tests/upstream/fake_transfers.h"

/// All that a fill needs, played by the test.
namespace larder::test {

inline const std::vector<std::string> kJson = {"Content-Type: application/json"};

inline FillOrder order_for(Waiter waiter, const std::string& path = "/v3/a") {
  FillOrder order;
  order.waiter = waiter;
  std::memcpy(order.key.bytes.data() + 16, path.data(), std::min<std::size_t>(path.size(), 16));
  order.canonical = path;
  order.request.path = path;
  auto scope = std::make_shared<Scope>();
  scope->mac.bytes[0] = 7;
  scope->credential.bytes[0] = 9;
  scope->delivery_host = "https://origin";
  scope->api_key = "key";
  scope->environment = "live";
  scope->branch = "main";
  order.scope = std::move(scope);
  order.access_token = Secret("a-token-of-the-test");
  return order;
}

class FakeFillStore final : public FillStore {
 public:
  std::uint64_t max = 1'000'000;
  bool begins = true;            ///< begin() has room
  std::uint64_t room = 1 << 30;  ///< of each write, in bytes
  bool commits = true;

  struct Committed {
    ObjectHead head;
    std::string body;
  };
  std::vector<Committed> committed;
  unsigned open = 0;  ///< writes begun and not yet gone

  std::uint64_t epoch() const override { return 5; }
  std::uint64_t shown_by(const Fill&, std::uint64_t number, std::string_view, WallTime made_after,
                         WallTime) const override {
    return made_after < changed ? number - 1 : number;
  }
  WallTime changed;  ///< what is older is outdated
  std::uint64_t max_object_bytes() const override { return max; }
  std::unique_ptr<FillWrite> begin(const Fill&, std::uint64_t announced) override {
    if (!begins || announced > max) return nullptr;
    return std::make_unique<Write>(*this);
  }

 private:
  class Write final : public FillWrite {
   public:
    explicit Write(FakeFillStore& store) : store_(store) { ++store_.open; }
    ~Write() override { --store_.open; }
    Write(const Write&) = delete;
    Write& operator=(const Write&) = delete;
    bool append(const Chunk& piece) override {
      if (body_.size() + piece->size() > store_.room) return false;
      body_ += *piece;
      return true;
    }
    bool commit(ObjectHead object, WallTime) override {
      if (!store_.commits) return false;
      store_.committed.push_back({std::move(object), body_});
      return true;
    }

   private:
    FakeFillStore& store_;
    std::string body_;
  };
};

class FakeCredentials final : public CredentialWatch {
 public:
  unsigned accepted = 0;
  std::vector<std::string> rejected;  ///< the bodies

  void on_rejected(const Fill&, std::shared_ptr<const AnswerHead> head,
                   const std::vector<Chunk>& body) override {
    CHECK(head != nullptr);
    rejected.emplace_back();
    for (const auto& piece : body) rejected.back() += *piece;
  }
  void on_accepted(const Fill&) override { ++accepted; }
};

/// One fill at a time; what it hands back is written down.
class FakeFillOwner final : public FillOwner {
 public:
  std::unique_ptr<Fill> fill;
  WallTime now{1'000'000};
  std::vector<FillOrder> unshared, unlucky;
  Unshareable why = Unshareable::lasting;
  Refusal refusal;
  std::vector<StoreVerdict> verdicts;
  std::vector<std::uint64_t> over;  ///< waiters that had their last event

  WallTime wall() const override { return now; }
  CacheKey place_of(const FillOrder& order, int) override { return order.key; }
  void on_unshareable(const Fill&, std::vector<FillOrder> others, Unshareable reason) override {
    why = reason;
    for (auto& other : others) unshared.push_back(std::move(other));
  }
  void on_leader_failed(const Fill&, std::vector<FillOrder> others, const Refusal& with) override {
    refusal = with;
    for (auto& other : others) unlucky.push_back(std::move(other));
  }
  void on_verdict(const Fill&, StoreVerdict verdict) override { verdicts.push_back(verdict); }
  void on_waiter_over(Waiter waiter) override { over.push_back(waiter.id); }
  void on_over(const Fill& gone) override {
    REQUIRE(&gone == fill.get());
    fill.reset();
  }
};

/// A fill whose leader is waiter 1.
struct FillFixture {
  FakeFillOwner owner;
  FakeFillStore store;
  FakeCredentials credentials;
  FakeTransfers transfers;
  HeldBytes held{1'000'000, 1'000'000};
  FakeOut out;
  RawEntries raw{100};
  PublishedTimes published{100};
  FillSurroundings around{owner, store, credentials, transfers, held, raw, published};
  std::shared_ptr<Settings> settings = std::make_shared<Settings>();

  FillFixture() = default;
  FillFixture(const FillFixture&) = delete;
  FillFixture& operator=(const FillFixture&) = delete;
  ~FillFixture() { owner.fill.reset(); }  // before what it works with

  Fill& start(FillOrder order, unsigned attempt = 1) {
    owner.fill = std::make_unique<Fill>(around, settings, 1, std::move(order), attempt);
    REQUIRE_FALSE(owner.fill->start());
    return *owner.fill;
  }
  Fill& start() { return start(order(1)); }
  FillOrder order(std::uint64_t waiter, bool has_stale = false) {
    FillOrder made = order_for({&out, waiter});
    made.has_stale = has_stale;
    return made;
  }
  const FakeOut::Got& got(std::uint64_t waiter) { return out.of(waiter); }
};

}  // namespace larder::test
