// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <string>

#include "cache/store/find_answer.h"
#include "conf/instance.h"
#include "daemon/client/planner.h"
#include "tests/cache/request_builder.h"
#include "tests/cache/store_fixture.h"

namespace {

using larder::ListenerConfig;
using larder::Plan;
using larder::Planner;
using larder::Reason;
using larder::testing::RequestBuilder;

constexpr std::string_view kPath = "/v3/content_types/blog/entries/blt1";

larder::Config open_config() {
  larder::Config config;
  config.open.hosts.delivery = "https://cdn.example";
  config.open.hosts.preview = "https://preview.example";
  return config;
}

/// A worker's planner over a store of its own.
struct Bench {
  larder::test::TemporaryDirectory directory;
  larder::SettingsPtr settings =
      std::make_shared<const larder::Settings>(larder::Settings{open_config(), 1});
  larder::InstallSecret secret = larder::test::secret_of(7);
  larder::Store store{larder::test::config_at(directory.path()), 1'024, larder::test::hasher(),
                      larder::make_fifo()};
  larder::StoreReader reader = store.reader();
  larder::RejectedSet rejected;
  larder::RequestMemo memo{settings};
  Planner planner{settings, secret, larder::test::hasher(), reader, rejected, memo};
  larder::WallTime now = larder::wall_now();

  Plan plan(RequestBuilder& builder, std::uint64_t header_id,
            ListenerConfig::Role role = ListenerConfig::Role::delivery) {
    auto view = builder.view();
    view.header_id = header_id;
    return planner.plan(view, role, now);
  }

  /// Stores `body` as the answer to a planned fill.
  void store_answer(const Plan& fill, const std::string& body, std::int64_t fresh_ms) {
    store_answer(stale_recall_for(fill), body, fresh_ms);
  }
  void store_answer(const larder::StaleRecall& recall, const std::string& body,
                    std::int64_t fresh_ms, int status = 200) {
    larder::NewObject object;
    object.key = recall.key;
    object.meta.status = status;
    object.canonical = recall.canonical;
    object.meta.scope = recall.scope;
    object.meta.lifetime = {.stored = now,
                            .fresh_until = {now.ms + fresh_ms},
                            .revalidate_until = {now.ms + 2 * fresh_ms},
                            .error_until = {now.ms + 3 * fresh_ms}};
    object.meta.body_length = body.size();
    object.body.push_back(std::make_shared<const std::string>(body));
    larder::test::Outcome<bool> outcome;
    larder::ScopeLabel label = larder::test::label_of(0);
    label.mac = recall.scope;
    REQUIRE(
        larder::test::put(store, std::move(object), label, [&](bool done) { outcome.set(done); }));
    REQUIRE(outcome.wait());
    reader.end_turn();
  }

  /// Plans so often that the request is known from then on.
  void make_known(RequestBuilder& builder, std::uint64_t header_id) {
    for (int i = 0; i < 3; ++i) {
      REQUIRE(plan(builder, header_id).what == Plan::What::answer);
    }
  }
};

std::string body_of(const Plan& plan) {
  return plan.object ? std::string(plan.object->body) : "none";
}

constexpr std::int64_t kHour = 3'600'000;

}  // namespace

TEST_CASE("planner: a known request is answered as it was before", "[daemon]") {
  Bench bench;
  auto request = RequestBuilder::delivery(std::string(kPath));
  const Plan fill = bench.plan(request, 1);
  REQUIRE(fill.what == Plan::What::fill);
  bench.store_answer(fill, "one", kHour);
  const auto first = bench.plan(request, 1);
  REQUIRE(first.what == Plan::What::answer);
  CHECK(first.fields.path == kPath);  // classified
  bench.make_known(request, 1);
  const auto known = bench.plan(request, 1);
  CHECK(known.fields.path.empty());  // not classified: it was known
  CHECK(known.what == Plan::What::answer);
  CHECK(known.reason() == Reason::fresh);
  CHECK(body_of(known) == "one");
  CHECK(known.key == first.key);
  CHECK(known.scope->mac == first.scope->mac);
  CHECK(known.route_reason == first.route_reason);
  CHECK(known.scope_reason == first.scope_reason);
}

TEST_CASE("planner: the same target behind another header block gets its own scope's answer",
          "[daemon]") {
  Bench bench;
  auto one = RequestBuilder::delivery(std::string(kPath));
  auto other = RequestBuilder(std::string(kPath));
  other.header("api_key", larder::testing::kApiKey)
      .header("access_token", "cs_another_token_00000");
  bench.store_answer(bench.plan(one, 1), "one", kHour);
  bench.make_known(one, 1);
  bench.store_answer(bench.plan(other, 2), "other", kHour);
  bench.make_known(other, 2);
  for (int i = 0; i < 4; ++i) {
    CHECK(body_of(bench.plan(one, 1)) == "one");
    CHECK(body_of(bench.plan(other, 2)) == "other");
  }
}

TEST_CASE("planner: a known request is no hit once its object is gone, stale or refused",
          "[daemon]") {
  Bench bench;
  auto request = RequestBuilder::delivery(std::string(kPath));
  const Plan fill = bench.plan(request, 1);
  REQUIRE(fill.what == Plan::What::fill);
  bench.store_answer(fill, "one", kHour);
  bench.make_known(request, 1);
  SECTION("purged") {
    larder::PurgeOrder order;
    order.what = larder::PurgeOrder::What::all;
    REQUIRE(!larder::test::purge_and_wait(bench.store, order).error);
    bench.reader.end_turn();
    const Plan plan = bench.plan(request, 1);
    CHECK(plan.what == Plan::What::fill);
    CHECK(plan.fields.path == kPath);
    CHECK_FALSE(plan.object);
  }
  SECTION("replaced") {
    bench.store_answer(fill, "two", kHour);
    CHECK(body_of(bench.plan(request, 1)) == "two");
  }
  SECTION("stale: answered as such, with the fields that a refresh needs") {
    bench.now.ms += kHour + 1;
    const Plan plan = bench.plan(request, 1);
    CHECK(plan.what == Plan::What::answer);
    CHECK(plan.reason() == Reason::stale_while_revalidate);
    CHECK(plan.fields.path == kPath);
    CHECK(plan.fields.access_token == larder::testing::kToken);
  }
  SECTION("fit for a failed origin alone") {
    bench.now.ms += 2 * kHour + 1;
    const Plan plan = bench.plan(request, 1);
    CHECK(plan.what == Plan::What::fill);
    CHECK(plan.reason() == Reason::stale_if_error);
  }
  SECTION("its credential is refused") {
    const auto credential = fill.scope->credential;
    bench.rejected.note(credential, true);
    CHECK(bench.plan(request, 1).what == Plan::What::fill);
    bench.rejected.note(credential, false);
    CHECK(body_of(bench.plan(request, 1)) == "one");
  }
}

TEST_CASE("planner: of a conditional or a preview request nothing is known the next time",
          "[daemon]") {
  Bench bench;
  auto plain = RequestBuilder::delivery(std::string(kPath));
  bench.store_answer(bench.plan(plain, 1), "one", kHour);
  bench.make_known(plain, 1);
  SECTION("conditional") {
    auto conditional = RequestBuilder::delivery(std::string(kPath));
    conditional.header("If-None-Match", "\"x\"");
    for (int i = 0; i < 4; ++i) {
      CHECK(bench.plan(conditional, 2).fields.if_none_match == "\"x\"");
    }
  }
  SECTION("preview, by a header block of its own or by the listener") {
    auto preview = RequestBuilder::delivery(std::string(kPath));
    preview.header("live_preview", "blt9").header("preview_token", larder::testing::kPreviewToken);
    for (int i = 0; i < 4; ++i) {
      const Plan plan = bench.plan(preview, 3);
      CHECK(plan.what == Plan::What::relay);
      CHECK(plan.relay_to == larder::RelayOrder::To::preview);
      CHECK(bench.plan(plain, 1, ListenerConfig::Role::preview).what != Plan::What::answer);
    }
  }
}

TEST_CASE("planner: each plan names the reasons of its steps", "[daemon]") {
  Bench bench;
  const auto check = [&](RequestBuilder builder, Plan::What what, Reason route, Reason scope,
                         Reason reason,
                         ListenerConfig::Role role = ListenerConfig::Role::delivery) {
    const Plan plan = bench.plan(builder, 0, role);
    CAPTURE(larder::name_of(plan.reason()), larder::name_of(reason));
    CHECK(plan.what == what);
    CHECK(plan.route_reason == route);
    CHECK(plan.scope_reason == scope);
    CHECK(plan.reason() == reason);
  };
  using What = Plan::What;
  const auto delivery = [](std::string_view target = kPath) {
    return RequestBuilder::delivery(std::string(target));
  };
  check(delivery(), What::fill, Reason::cached_path, Reason::open_scope, Reason::absent);
  check(delivery("/v3/unknown"), What::relay, Reason::uncached_path, Reason::open_scope,
        Reason::uncached_path);
  check(delivery().header("release_id", "r"), What::relay, Reason::timeline, Reason::open_scope,
        Reason::timeline);
  check(delivery().header("live_preview", "blt9"), What::relay, Reason::preview_hash, Reason::none,
        Reason::preview_hash);
  check(delivery(), What::relay, Reason::preview_listener, Reason::none, Reason::preview_listener,
        ListenerConfig::Role::preview);
  check(delivery().without("access_token").header("preview_token", "csp"), What::relay,
        Reason::preview_token_alone, Reason::none, Reason::preview_token_alone);
  check(delivery().method(larder::Method::options), What::preflight, Reason::options, Reason::none,
        Reason::options);
  check(delivery().without("access_token"), What::refuse, Reason::none, Reason::none,
        Reason::no_token);
  check(delivery().without("api_key"), What::refuse, Reason::none, Reason::none,
        Reason::no_api_key);
  check(delivery().header("authorization", "x"), What::refuse, Reason::none, Reason::none,
        Reason::management_credential);
  check(delivery("/v2"), What::refuse, Reason::none, Reason::none, Reason::no_api_path);
  check(delivery().header("branch", "a").header("Branch", "a"), What::refuse, Reason::none,
        Reason::none, Reason::ambiguous_field);
  check(delivery().method(larder::Method::other), What::refuse, Reason::none, Reason::none,
        Reason::method);
  check(delivery().header("CDN-Loop", larder::larder_name({})), What::refuse, Reason::none,
        Reason::none, Reason::looped);
}

TEST_CASE("planner: a plan is its own, whatever is planned after it", "[daemon]") {
  Bench bench;
  auto one = RequestBuilder::delivery(std::string(kPath) + "?environment=%70rod");
  auto other = RequestBuilder::delivery("/v3/assets?environment=%74est");
  other.header("x-cs-variant-uid", "v");
  const Plan first = bench.plan(one, 0);
  const auto view = one.view();
  const Plan second = bench.plan(other, 0);
  CHECK(first.fields.environment == "prod");
  CHECK(first.scope->environment == "prod");
  CHECK(first.generation == bench.settings->generation);
  const auto order = fill_order_for(first, view, {}, bench.settings->config.server,
                                    bench.settings->config.upstream);
  CHECK(order.request.path == kPath);
  CHECK(order.request.variants.empty());
  CHECK(order.generation == bench.settings->generation);
  CHECK(order.key == first.key);
  CHECK(order.scope == first.scope);
  CHECK(order.access_token.reveal() == larder::testing::kToken);
  CHECK_FALSE(order.has_stale);
  CHECK(second.scope->environment == "test");
  CHECK(second.key != first.key);
}

TEST_CASE("planner: new settings are used from the next plan on", "[daemon]") {
  Bench bench;
  auto request = RequestBuilder::delivery(std::string(kPath));
  bench.store_answer(bench.plan(request, 1), "one", kHour);
  bench.make_known(request, 1);
  larder::Settings changed{open_config(), 2};
  changed.config.open.hosts.delivery = "https://other.example";
  bench.planner.use(std::make_shared<const larder::Settings>(changed));
  const Plan plan = bench.plan(request, 1);
  CHECK(plan.what == Plan::What::fill);
  CHECK(plan.host() == "https://other.example");
}

TEST_CASE("planner: a negative answer beside a good one is found, and not remembered as the place",
          "[daemon]") {
  Bench bench;
  auto request = RequestBuilder::delivery(std::string(kPath));
  const auto recall = stale_recall_for(bench.plan(request, 1));
  bench.store_answer(recall, "good", 1'000);
  bench.now.ms += 1'500;
  CHECK(bench.plan(request, 1).store_reason == Reason::stale_while_revalidate);
  auto beside = recall;
  beside.key = larder::negative_key_of(recall.key);
  bench.store_answer(beside, "gone", 5'000, 404);
  for (int i = 0; i < 3; ++i) {
    const auto plan = bench.plan(request, 1);
    CHECK(plan.what == Plan::What::answer);
    CHECK(plan.fresh());
    CHECK(plan.key == beside.key);
    CHECK(body_of(plan) == "gone");
  }
  bench.now.ms += 1;
  bench.store_answer(recall, "good again", 1'000);
  for (int i = 0; i < 3; ++i) CHECK(body_of(bench.plan(request, 1)) == "good again");
  bench.now.ms += 1'500;
  CHECK(bench.plan(request, 1).store_reason == Reason::stale_while_revalidate);
}

TEST_CASE("planner: a good answer in doubt is there for outages alone", "[daemon]") {
  Bench bench;
  auto request = RequestBuilder::delivery(std::string(kPath));
  const auto recall = stale_recall_for(bench.plan(request, 1));
  bench.store_answer(recall, "good", 1'000);
  auto beside = recall;
  beside.key = larder::negative_key_of(recall.key);
  bench.store_answer(beside, "gone", 1'000, 404);
  bench.now.ms += 1'500;
  const auto plan = bench.plan(request, 1);
  CHECK(plan.what == Plan::What::fill);
  CHECK(plan.store_reason == Reason::stale_if_error);
  CHECK(plan.key == recall.key);
  CHECK(body_of(plan) == "good");
}
