// SPDX-License-Identifier: Apache-2.0
#include "cache/store/epochs.h"

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <map>
#include <thread>

#include "cache/store/epoch_rows.h"
#include "cache/tags/place.h"
#include "cache/tags/tag_set.h"
#include "tests/cache/store_fixture.h"

namespace larder::test {
namespace {

constexpr Milliseconds kSoft = 2'000;
const std::uint64_t kPlace = place_of("key", "production", "main");
const std::uint64_t kOther = place_of("key", "production", "develop");

std::string carried(std::initializer_list<Tag> tags) {
  TagSet set;
  for (const Tag tag : tags) set.add(tag);
  return set.take();
}

EpochChange purge(Epochs& epochs, std::vector<Tag> tags, std::int64_t ms = 10'000,
                  bool hard = false, std::uint64_t place = kPlace) {
  return epochs.purge({{.places = {place},
                        .tags = std::move(tags),
                        .whole = false,
                        .hard = hard,
                        .happened = {ms}}},
                      kSoft);
}

}  // namespace

TEST_CASE("epochs: a purge hits what carries the tag, lies there and began before", "[epochs]") {
  Epochs epochs(1'000);
  const std::string blog = carried({entry_tag("a"), list_tag("blog")});
  const std::uint64_t began = epochs.last();
  purge(epochs, {entry_tag("a")});
  CHECK(epochs.last() == began + 1);
  CHECK(epochs.purged_since(began, kPlace, blog, kSoft));
  CHECK_FALSE(epochs.purged_since(epochs.last(), kPlace, blog, kSoft));
  CHECK_FALSE(epochs.purged_since(began, kOther, blog, kSoft));
  CHECK_FALSE(epochs.purged_since(began, kPlace, carried({entry_tag("b")}), kSoft));
  CHECK_FALSE(epochs.purged_since(began, kPlace, "", kSoft));
  purge(epochs, {unknown_tag()});
  CHECK(epochs.purged_since(began, kPlace, "", kSoft));
}

TEST_CASE("epochs: a purge that means no place takes no number", "[epochs]") {
  Epochs epochs(1'000);
  CHECK(
      epochs
          .purge({{.places = {}, .tags = {}, .whole = true, .hard = false, .happened = {5}}}, kSoft)
          .raised.empty());
  CHECK(epochs.last() == 0);
}

TEST_CASE("epochs: all of a place", "[epochs]") {
  Epochs epochs(1'000);
  const std::string blog = carried({entry_tag("a")});
  epochs.purge({{.places = {kPlace}, .tags = {}, .whole = true, .hard = false, .happened = {5}}},
               kSoft);
  CHECK(epochs.purged_since(0, kPlace, blog, kSoft));
  CHECK_FALSE(epochs.purged_since(0, kOther, blog, kSoft));
}

TEST_CASE("epochs: what is purged is served softly for a time from the first change on",
          "[epochs]") {
  Epochs epochs(1'000);
  const std::string tags = carried({entry_tag("a")});
  purge(epochs, {entry_tag("a")}, 10'000);
  CHECK(epochs.purged_since(0, kPlace, tags, kSoft)->soft_until.ms == 12'000);
  SECTION("one that follows soon does not prolong it") {
    purge(epochs, {entry_tag("a")}, 11'000);
    CHECK(epochs.purged_since(0, kPlace, tags, kSoft)->soft_until.ms == 12'000);
    CHECK(epochs.purged_since(1, kPlace, tags, kSoft)->soft_until.ms == 12'000);
  }
  SECTION("one that follows later counts for what is newer alone") {
    purge(epochs, {entry_tag("a")}, 20'000);
    CHECK(epochs.purged_since(0, kPlace, tags, kSoft)->soft_until.ms == 0);
    CHECK(epochs.purged_since(1, kPlace, tags, kSoft)->soft_until.ms == 22'000);
  }
  SECTION("of several tags the earliest counts") {
    purge(epochs, {entry_tag("b")}, 11'500);
    const std::string both = carried({entry_tag("a"), entry_tag("b")});
    CHECK(epochs.purged_since(0, kPlace, both, kSoft)->soft_until.ms == 12'000);
  }
  SECTION("hard is hard until it is stored anew, whatever comes later") {
    purge(epochs, {entry_tag("a")}, 20'000, true);
    purge(epochs, {entry_tag("a")}, 21'000);
    CHECK(epochs.purged_since(0, kPlace, tags, kSoft)->hard);
    CHECK(epochs.purged_since(1, kPlace, tags, kSoft)->hard);
    CHECK_FALSE(epochs.purged_since(2, kPlace, tags, kSoft)->hard);
  }
}

TEST_CASE("epochs: without room too much is purged, never too little", "[epochs]") {
  Epochs epochs(GENERATE(std::size_t{16}, std::size_t{64}, std::size_t{256}));
  Numbers numbers(3);
  struct Last {
    std::uint64_t number = 0, hard = 0;
  };
  std::map<std::pair<std::uint64_t, std::uint64_t>, Last> truth;
  std::map<std::uint64_t, EpochRow> kept;  // as a database would have it
  for (int round = 0; round < 3'000; ++round) {
    const std::uint64_t place = numbers() % 40;
    const Tag tag = entry_tag(std::to_string(numbers() % 200));
    const bool hard = numbers() % 5 == 0;
    const EpochChange change = purge(epochs, {tag}, round, hard, place);
    for (const std::uint64_t dropped : change.dropped) kept.erase(dropped);
    for (const auto& [raised, row] : change.raised) kept[raised] = row;
    Last& last = truth[{place, tag.hash}];
    last.number = epochs.last();
    if (hard) last.hard = epochs.last();
  }
  const auto agrees = [&](const Epochs& one) {
    for (const auto& [what, last] : truth) {
      const std::string tags = carried({Tag{what.second}});
      const auto purged = one.purged_since(last.number - 1, what.first, tags, 0);
      if (!purged) return false;
      if (last.hard > 0 && !one.purged_since(last.hard - 1, what.first, tags, 0)->hard) {
        return false;
      }
      if (one.purged_since(one.last(), what.first, tags, 0)) return false;
    }
    return true;
  };
  CHECK(agrees(epochs));
  std::vector<EpochRow> rows;
  for (const auto& [tag, row] : kept) rows.push_back(row);
  const auto by_tag = [](const EpochRow& a, const EpochRow& b) { return a.tag < b.tag; };
  auto known = epochs.rows();
  std::sort(known.begin(), known.end(), by_tag);
  CHECK(known == rows);
  Epochs smaller(16);
  smaller.restore(rows, epochs.last(), epochs.everything_before());
  CHECK(agrees(smaller));
}

TEST_CASE("epochs: a lookup during changes never misses what was purged before it",
          "[epochs][race]") {
  Epochs epochs(32);
  std::atomic<std::uint64_t> acknowledged{0};
  std::atomic<bool> over{false};
  const std::string tags = carried({entry_tag("watched")});
  std::thread reader([&] {
    while (!over) {
      const std::uint64_t number = acknowledged.load();
      if (number > 0 && !epochs.purged_since(number - 1, kPlace, tags, kSoft)) {
        over = true;
        acknowledged = 0;
      }
    }
  });
  Numbers numbers(1);
  for (int round = 0; round < 200'000 / static_cast<int>(kSlowness) && !over; ++round) {
    const bool watched = round % 50 == 0;
    purge(epochs, {watched ? entry_tag("watched") : entry_tag(std::to_string(numbers() % 500))});
    if (watched) acknowledged = epochs.last();
  }
  const bool missed = over.exchange(true);
  reader.join();
  CHECK_FALSE(missed);
}

TEST_CASE("epochs: a smaller table restored in any order forgets no purge", "[epochs]") {
  std::vector<EpochRow> rows{{.tag = Epochs::whole_of(kPlace),
                              .place = kPlace,
                              .number = 3,
                              .before = 0,
                              .happened = {10},
                              .hard = 0,
                              .changed = {}}};
  for (std::uint64_t number = 4; number < 60; ++number) {
    rows.push_back({.tag = Epochs::tag_in(kPlace, entry_tag(std::to_string(number))),
                    .place = kPlace,
                    .number = number,
                    .before = 0,
                    .happened = {10},
                    .hard = number % 7 == 0 ? number : 0,
                    .changed = {}});
  }
  Numbers numbers(GENERATE(range(0u, 20u)));
  for (std::size_t i = rows.size(); i-- > 1;) std::swap(rows[i], rows[numbers() % (i + 1)]);
  Epochs smaller(16);
  smaller.restore(rows, 60, 0);
  for (const EpochRow& row : rows) {
    if (row.tag == Epochs::whole_of(kPlace)) continue;
    CAPTURE(row.number);
    const std::string tags = carried({entry_tag(std::to_string(row.number))});
    const auto purged = smaller.purged_since(row.number - 1, kPlace, tags, kSoft);
    REQUIRE(purged);
    if (row.hard > 0) CHECK(purged->hard);
  }
}

TEST_CASE("epochs: what may have changed is suspect for a while", "[epochs]") {
  Epochs epochs(1'000);
  epochs.purge({{.places = {kPlace},
                 .tags = {entry_tag("a"), any_list_tag()},
                 .whole = false,
                 .hard = false,
                 .happened = {50'000},
                 .changed_tags = {entry_tag("a")},
                 .changed = {50'000}}},
               kSoft);
  epochs.purge({{.places = {kOther},
                 .tags = {},
                 .whole = true,
                 .hard = false,
                 .happened = {50'000},
                 .changed = {50'000}}},
               kSoft);
  const std::uint64_t last = epochs.last();
  const std::string list = carried({any_list_tag()});
  const std::int64_t end = 50'000 + Epochs::kSuspectMs;
  struct Case {
    const char* name;
    std::uint64_t place;
    std::string tags;
    std::int64_t made, now;
    bool outdated;
  };
  for (const Case& c : std::vector<Case>{
           {"a list from before", kPlace, list, 49'999, 50'001, true},
           {"a list from after", kPlace, list, 50'000, 50'001, false},
           {"at the last moment", kPlace, list, 49'999, end - 1, true},
           {"when the time is over", kPlace, list, 49'999, end, false},
           {"what did change has no end", kPlace, carried({entry_tag("a")}), 49'999, end, true},
           {"of a whole place", kOther, carried({entry_tag("z")}), 49'999, 50'001, true},
           {"of a whole place, later", kOther, carried({entry_tag("z")}), 49'999, end, false}}) {
    CAPTURE(c.name);
    CHECK((epochs.shown_by(last, c.place, c.tags, {c.made}, {c.now}) < last) == c.outdated);
  }
  // Another event of which the list only may know, and one that changes it.
  epochs.purge({{.places = {kPlace},
                 .tags = {any_list_tag()},
                 .whole = false,
                 .hard = false,
                 .happened = {60'000},
                 .changed = {60'000}}},
               kSoft);
  CHECK(epochs.shown_by(epochs.last(), kPlace, list, {59'999}, {60'001}) < epochs.last());
  epochs.purge({{.places = {kPlace},
                 .tags = {any_list_tag()},
                 .whole = false,
                 .hard = false,
                 .happened = {55'000},
                 .changed_tags = {any_list_tag()},
                 .changed = {55'000}}},
               kSoft);
  CHECK(epochs.shown_by(epochs.last(), kPlace, list, {59'999}, {500'000}) < epochs.last());
}

TEST_CASE("epochs: an answer shows what was changed before it was made", "[epochs]") {
  Epochs epochs(1'000);
  const std::uint64_t began = epochs.last();
  const auto change = [&](Tag tag, std::int64_t changed) {
    epochs.purge({{.places = {kPlace},
                   .tags = {tag, any_list_tag()},
                   .whole = false,
                   .hard = false,
                   .happened = {changed},
                   .changed_tags = {tag},
                   .changed = {changed}}},
                 kSoft);
    return epochs.last();
  };
  const auto first = change(entry_tag("a"), 50'000);
  const auto second = change(entry_tag("b"), 60'000);
  const std::string of_a = carried({entry_tag("a")});
  const std::string of_both = carried({entry_tag("a"), entry_tag("b")});
  const auto shown = [&](const std::string& tags, std::int64_t made, std::uint64_t number) {
    return epochs.shown_by(number, kPlace, tags, {made}, {200'000});
  };
  CHECK(shown(of_a, 50'000, second) == second);
  CHECK(shown(of_a, 49'999, second) == first - 1);
  CHECK(shown(of_both, 55'000, second) == second - 1);
  CHECK(shown(of_both, 49'999, second) == first - 1);
  // Fetched before the purge: it is purged whatever it shows.
  CHECK(shown(of_a, 0, began) == began);
  CHECK(epochs.shown_by(second, kOther, of_a, {0}, {200'000}) == second);
  // What counts as fetched before is purged.
  CHECK(epochs.purged_since(shown(of_a, 0, second), kPlace, of_a, kSoft));
  // A purge that knows of no change keeps what is known of the last one.
  purge(epochs, {entry_tag("a")}, 70'000);
  CHECK(shown(of_a, 49'999, epochs.last()) < epochs.last());
  CHECK(shown(of_a, 50'000, epochs.last()) == epochs.last());
}

}  // namespace larder::test
