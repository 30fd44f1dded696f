// SPDX-License-Identifier: Apache-2.0
#include "daemon/bus/bus_entry.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace larder;
using What = BusReading::What;

namespace {

PurgeOrder order_of_change() {
  PurgeOrder order;
  order.what = PurgeOrder::What::change;
  order.api_key = "blt1";
  order.environment = "production";
  order.branch = "main";
  order.aliases = {"live", "next"};
  order.changes = {{ContentChange::What::entry, "blog", "bltaaaa1111",
                    ContentChange::Action::published, "en-us"},
                   {ContentChange::What::asset, "", "bltasset1"}};
  order.happened = {1'700'000'000'123};
  order.changed = {1'700'000'000'456};
  return order;
}

BusFields with(BusFields fields, std::initializer_list<std::string> more) {
  fields.insert(fields.end(), more);
  return fields;
}

BusFields head(const std::string& what) {
  return {"v", "1", "node", "other", "what", what};
}

}  // namespace

TEST_CASE("A purge comes out of its entry as it went in") {
  PurgeOrder order = order_of_change();
  order.hard = GENERATE(false, true);
  if (order.hard) {
    order.changes[0].published = {1'700'000'000'000};
    order.changes[0].version = "7";
    order.changes[0].values = {{field_value("url", "/a"), any_value("tags"), {0}, {~0ULL}}};
  }
  const auto reading = read_bus_entry(purge_entry("other", order), "me");
  REQUIRE(reading.what == What::purge);
  const PurgeOrder& got = reading.order;
  CHECK(got.what == order.what);
  CHECK(got.source == PurgeSource::bus);
  CHECK(got.api_key == order.api_key);
  CHECK(got.environment == order.environment);
  CHECK(got.branch == order.branch);
  CHECK(got.aliases == order.aliases);
  CHECK(got.happened == order.happened);
  CHECK(got.changed == order.changed);
  CHECK(got.hard == order.hard);
  CHECK_FALSE(got.position);
  REQUIRE(got.changes.size() == 2);
  CHECK(got.changes[0].what == ContentChange::What::entry);
  CHECK(got.changes[0].content_type == "blog");
  CHECK(got.changes[0].uid == "bltaaaa1111");
  CHECK(got.changes[0].action == ContentChange::Action::published);
  CHECK(got.changes[0].locale == "en-us");
  CHECK(got.changes[0].published == order.changes[0].published);
  CHECK(got.changes[0].version == order.changes[0].version);
  CHECK(got.changes[0].values == order.changes[0].values);
  CHECK_FALSE(got.changes[1].values);
  CHECK(got.changes[1].what == ContentChange::What::asset);
  CHECK(got.changes[1].uid == "bltasset1");
}

TEST_CASE("Purges of URLs, scopes and everything pass too") {
  PurgeOrder order;
  order.what = GENERATE(PurgeOrder::What::url, PurgeOrder::What::path, PurgeOrder::What::scope,
                        PurgeOrder::What::all);
  if (order.what == PurgeOrder::What::url || order.what == PurgeOrder::What::path) {
    order.path = "/v3/content_types/blog";
    order.query = "environment=production";
  }
  const auto reading = read_bus_entry(purge_entry("other", order), "me");
  REQUIRE(reading.what == What::purge);
  CHECK(reading.order.what == order.what);
  CHECK(reading.order.path == order.path);
  CHECK(reading.order.query == order.query);
}

TEST_CASE("What does not fit into an entry becomes a purge of its scopes") {
  PurgeOrder order = order_of_change();
  SECTION("too many changes") {
    order.changes.assign(kMaxBusFields, order.changes[0]);
  }
  SECTION("a uid with the separator in it") {
    order.changes[0].uid = GENERATE(as<std::string>{}, "a/b", "a/1/2");
  }
  SECTION("a change of nothing") {
    order.changes[0].uid = "";
  }
  SECTION("a uid that is too long") {
    order.changes[0].uid.assign(kMaxBusValueBytes + 1, 'a');
  }
  order.hard = true;
  const auto reading = read_bus_entry(purge_entry("other", order), "me");
  REQUIRE(reading.what == What::purge);
  CHECK(reading.order.what == PurgeOrder::What::scope);
  CHECK(reading.order.api_key == "blt1");
  CHECK(reading.order.aliases == order.aliases);
  CHECK(reading.order.hard);
}

TEST_CASE("A purge of too many names becomes one of all scopes") {
  PurgeOrder order = order_of_change();
  order.aliases.assign(kMaxBusFields, "alias");
  const auto reading = read_bus_entry(purge_entry("other", order), "me");
  REQUIRE(reading.what == What::purge);
  CHECK(reading.order.what == PurgeOrder::What::scope);
  CHECK(reading.order.api_key.empty());
  CHECK(reading.order.aliases.empty());
}

TEST_CASE("A node's own entries and marks mean nothing") {
  CHECK(read_bus_entry(purge_entry("me", order_of_change()), "me").what == What::nothing);
  CHECK(read_bus_entry(gap_entry("me"), "me").what == What::nothing);
  CHECK(read_bus_entry(mark_entry("other"), "me").what == What::nothing);
}

TEST_CASE("A gap of another node purges all scopes") {
  const auto reading = read_bus_entry(gap_entry("other"), "me");
  REQUIRE(reading.what == What::purge);
  CHECK(reading.order.what == PurgeOrder::What::scope);
  CHECK(reading.order.raises_epochs());
  CHECK(reading.order.selects_scope("any", "any", "any"));
  CHECK(reading.order.missed);
}

TEST_CASE("Entries that no larder writes are unreadable") {
  const BusFields change = with(head("change"), {"api_key", "blt1"});
  const BusFields fields = GENERATE_COPY(
      BusFields{}, BusFields{"v"}, BusFields{"v", "1"},
      BusFields{"v", "2", "node", "a", "what", "all"},
      BusFields{"node", "a", "v", "1", "what", "all"}, head("everything"), head(""), change,
      with(change, {"change", ""}), with(change, {"change", "entry/published/en-us/blog"}),
      with(change, {"change", "entry/published/en-us/blog/a/b"}),
      with(change, {"change", "entry/published/en-us/blog/a/0/3"}),
      with(change, {"change", "entry/published/en-us/blog/a/5/"}),
      with(change, {"change", "entry/published/en-us/blog/a/5/x"}),
      with(change, {"change", "entry/published/en-us/blog/a/5/3/1"}),
      with(change, {"change", "entry/published/en-us//a"}),
      with(change, {"change", "entry/published/en-us/blog/"}),
      with(change, {"values", "0123456789abcdef", "change", "entry/published/en-us/blog/a"}),
      with(change, {"change", "entry/published/en-us/blog/a", "values", ""}),
      with(change, {"change", "entry/published/en-us/blog/a", "values", "0123456789abcde"}),
      with(change, {"change", "entry/published/en-us/blog/a", "values", "0123456789abcdeg"}),
      with(change,
           {"change", "entry/published/en-us/blog/a", "values", std::string(129 * 16, '1')}),
      with(change, {"change", "form/published/en-us/blog/a"}),
      with(change, {"change", "entry/stolen/en-us/blog/a"}), with(head("all"), {"token", "x"}),
      with(head("all"), {"hard", "yes"}), with(head("all"), {"hard"}),
      with(head("all"), {"happened", "-1"}), with(head("all"), {"happened", "1e9"}),
      with(head("all"), {"happened", "99999999999999999999"}),
      with(head("all"), {"changed", std::string("1\0", 2)}), with(head("url"), {"path", "no"}),
      head("url"), with(head("scope"), {"change", "asset/gone///a"}),
      with(head("scope"), {"api_key", std::string(kMaxBusValueBytes + 1, 'a')}),
      with(head("scope"),
           {"a", std::string(kMaxBusValueBytes, 'a'), "b", std::string(kMaxBusValueBytes, 'a'), "c",
            std::string(kMaxBusValueBytes, 'a'), "d", std::string(kMaxBusValueBytes, 'a')}),
      BusFields(kMaxBusFields + 2, "v"));
  CHECK(read_bus_entry(fields, "me").what == What::unreadable);
}

TEST_CASE("Ids are read as Redis writes them") {
  CHECK(parse_bus_id("1700000000123-4") == BusId{1'700'000'000'123, 4});
  CHECK(to_text(BusId{1'700'000'000'123, 4}) == "1700000000123-4");
  const auto* const text =
      GENERATE("", "-", "1", "1-", "-1", "1-2-3", "a-1", "1-b", " 1-1", "99999999999999999999-0");
  CHECK_FALSE(parse_bus_id(text));
}
