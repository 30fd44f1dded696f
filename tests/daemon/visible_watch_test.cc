// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/visible_watch.h"

#include <catch2/catch_test_macros.hpp>

#include "cache/tags/place.h"
#include "cache/tags/tag_set.h"

namespace larder::test {
namespace {

const std::uint64_t kPlace = place_of("key", "production", "main");

PurgeOrder change_of(const std::string& uid, std::int64_t at_ms) {
  PurgeOrder order;
  order.what = PurgeOrder::What::change;
  order.api_key = "key";
  order.environment = "production";
  order.branch = "main";
  order.changes = {{.what = ContentChange::What::entry, .content_type = "blog", .uid = uid}};
  order.changed = {at_ms};
  return order;
}

std::string showing(std::string_view uid) {
  TagSet tags;
  tags.add(entry_tag(uid));
  return tags.take();
}

using Ages = std::vector<Milliseconds>;

}  // namespace

TEST_CASE("visible watch: the first answer that shows a change tells its age", "[visible]") {
  VisibleWatch watch;
  watch.expect(change_of("a", 1'000), 7);
  CHECK(watch.on_shown(8, kPlace, showing("b"), {1'500}) == Ages{});
  CHECK(watch.on_shown(7, kPlace, showing("a"), {1'500}) == Ages{});  // asked for before
  CHECK(watch.on_shown(8, kPlace + 1, showing("a"), {1'500}) == Ages{});
  CHECK(watch.on_shown(8, kPlace, showing("a"), {1'500}) == Ages{500});
  CHECK(watch.on_shown(8, kPlace, showing("a"), {1'600}) == Ages{});
}

TEST_CASE("visible watch: of changes of one entry the last counts", "[visible]") {
  VisibleWatch watch;
  watch.expect(change_of("a", 1'000), 7);
  watch.expect(change_of("a", 2'000), 7);
  CHECK(watch.on_shown(8, kPlace, showing("a"), {2'500}) == Ages{500});
}

TEST_CASE("visible watch: a change without a time is not waited for", "[visible]") {
  VisibleWatch watch;
  watch.expect(change_of("a", 0), 7);
  CHECK(watch.size() == 0);
}

TEST_CASE("visible watch: a clock that went back makes no negative age", "[visible]") {
  VisibleWatch watch;
  watch.expect(change_of("a", 1'000), 7);
  CHECK(watch.on_shown(8, kPlace, showing("a"), {900}) == Ages{0});
}

TEST_CASE("visible watch: the oldest changes leave", "[visible]") {
  VisibleWatch watch;
  for (std::size_t i = 0; i <= VisibleWatch::kMost; ++i) {
    watch.expect(change_of(std::to_string(i), 1'000), 7);
  }
  CHECK(watch.size() == VisibleWatch::kMost);
  CHECK(watch.on_shown(8, kPlace, showing("0"), {1'500}) == Ages{});
  CHECK(watch.on_shown(8, kPlace, showing("1"), {1'500}) == Ages{500});
}

}  // namespace larder::test
