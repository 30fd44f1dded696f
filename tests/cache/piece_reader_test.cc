// SPDX-License-Identifier: Apache-2.0
#include "cache/store/piece_reader.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include "cache/store/url_listing.h"
#include "tests/cache/store_fixture.h"

using namespace larder;
using namespace larder::test;

namespace {

constexpr const char* kPath = "/v3/a";

void store_body(Store& store, const std::string& body) {
  ObjectPlan plan;
  plan.path = kPath;
  NewObject object = make_object(plan);
  object.body = {std::make_shared<const std::string>(body)};
  object.meta.body_length = body.size();
  object.entity_fields = "Content-Type: application/json\r\n";
  object.shared_fields = "ETag: \"e\"\r\n";
  object.epoch = store.epoch();
  Outcome<bool> done;
  REQUIRE(put(store, std::move(object), label_of(0), [&](bool is) { done.set(is); }));
  REQUIRE(done.wait());
}

ListedObject head_of(Store& store) {
  PurgeOrder order;
  order.what = PurgeOrder::What::url;
  order.path = kPath;
  Outcome<UrlListing> outcome;
  store.list_heads(order, wall_now(), [&](UrlListing listing) { outcome.set(std::move(listing)); });
  UrlListing listing = outcome.wait();
  REQUIRE(listing.objects.size() == 1);
  return listing.objects.front();
}

Result<std::string> piece(Store& store, const ListedObject& object, std::uint32_t index) {
  Outcome<Result<std::string>> outcome;
  store.piece(object.key, object.sequence, index, wall_now(),
              [&](Result<std::string> read) { outcome.set(std::move(read)); });
  return outcome.wait();
}

std::string text_of(std::size_t length) {
  std::string text;
  while (text.size() < length) text += std::to_string(text.size()) + ",";
  text.resize(length);
  return text;
}

}  // namespace

TEST_CASE("piece reader: the pieces are the body", "[store]") {
  const auto length =
      GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{5'000}, std::size_t{300'000});
  CAPTURE(length);
  TemporaryDirectory directory;
  Store store(config_at(directory.path()), 16, hasher(),
              make_eviction(CacheConfig::Eviction::gdsf));
  const std::string body = text_of(length);
  store_body(store, body);
  const ListedObject object = head_of(store);
  CHECK(object.fields == "Content-Type: application/json\r\nETag: \"e\"\r\n");
  CHECK(object.tags.empty());
  CHECK((object.pieces > 1) == (length > 200'000));
  std::string whole;
  for (std::uint32_t i = 0; i < object.pieces; ++i) {
    const auto read = piece(store, object, i);
    REQUIRE(read);
    CHECK(read->size() <= 128 * 1'024);
    whole += *read;
  }
  CHECK(whole == body);
  const auto beyond = piece(store, object, object.pieces);
  REQUIRE_FALSE(beyond);
  CHECK(beyond.error().code == Error::Code::not_found);
}

TEST_CASE("piece reader: what was replaced or purged gives no more pieces", "[store]") {
  const bool purged = GENERATE(false, true);
  CAPTURE(purged);
  TemporaryDirectory directory;
  Store store(config_at(directory.path()), 16, hasher(),
              make_eviction(CacheConfig::Eviction::gdsf));
  store_body(store, text_of(300'000));
  const ListedObject object = head_of(store);
  REQUIRE(piece(store, object, 0));
  if (purged) {
    CHECK_FALSE(purge_and_wait(store, PurgeOrder{}).error);
  } else {
    store_body(store, text_of(300'001));
  }
  const auto read = piece(store, object, 1);
  REQUIRE_FALSE(read);
  CHECK(read.error().code == Error::Code::not_found);
  if (!purged) CHECK(piece(store, head_of(store), 1));
}
