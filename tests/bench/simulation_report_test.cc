// SPDX-License-Identifier: Apache-2.0
#include "bench/simulate/simulation_report.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cstdio>
#include <set>

#include "bench/run/command.h"
#include "bench/simulate/miss_curve.h"
#include "bench/simulate/simulation_html.h"
#include "conf/config_file.h"

using namespace larder::bench;
using Catch::Matchers::ContainsSubstring;

namespace {

const larder::SystemSecretSource kNoSecrets;

/// Ten keys of 1,000 bytes, the first ones asked for more often: 4 bytes of ten are enough for
/// most.
TraceReport report_of(std::vector<std::string> sizes, std::vector<std::string> policies,
                      Mishaps mishaps = {}) {
  TraceBuilder builder;
  for (int round = 0; round < 512; ++round) {
    for (int key = 0; key < 10; ++key) {
      if (round % (1 << key) == 0) builder.request(round, "<k" + std::to_string(key), 1'000);
    }
  }
  TraceReport report;
  report.trace = builder.finish("<trace> & co", "words");
  report.plan.mishaps = mishaps;
  for (const auto& size : sizes) report.plan.sizes.push_back(parse_cache_size(size));
  for (const auto& name : policies) report.plan.policies.push_back(&policy_choice(name));
  report.cells = simulate_grid(report.trace, report.plan, [](double) {});
  report.advice = recommend(report.trace, report.cells);
  return report;
}

}  // namespace

TEST_CASE("recommendation: the smallest size that answers most of what can be answered",
          "[bench]") {
  const TraceReport report = report_of({"100%", "20%", "50%", "40%"}, {"lru", "gdsf"});
  REQUIRE(report.advice.cell != nullptr);
  CHECK(report.advice.cell->size.text == "50%");
  CHECK(std::string(report.advice.cell->policy->name) == "gdsf");
  CHECK(report.advice.enough);
  CHECK(report.advice.cache_size == "1MiB");
  CHECK_THAT(report.advice.text, ContainsSubstring("The next smaller size (40%) would send"));
  CHECK_THAT(report.advice.text, ContainsSubstring("The next larger size (100%) would send"));
}

TEST_CASE("recommendation: where no size is enough it says so", "[bench]") {
  const TraceReport report = report_of({"10%", "20%"}, {"gdsf"});
  REQUIRE(report.advice.cell != nullptr);
  CHECK(report.advice.cell->size.text == "20%");
  CHECK_FALSE(report.advice.enough);
  CHECK_THAT(report.advice.text, ContainsSubstring("the largest size tried, and a larger"));
  const TraceReport last = report_of({"10%", "50%"}, {"gdsf"});
  CHECK(last.advice.enough);
  CHECK_THAT(last.advice.text, ContainsSubstring("That is the largest size tried."));
  CHECK(report_of({"10%"}, {"lru"}).advice.cell == nullptr);
}

TEST_CASE("report: a table for people, the same each time", "[bench]") {
  const TraceReport report = report_of({"20%", "50%"}, {"gdsf", "lru"});
  const std::string text = report_text(report, false);
  CHECK(text == report_text(report_of({"20%", "50%"}, {"gdsf", "lru"}), false));
  CHECK_THAT(text, ContainsSubstring("<trace> & co (words)\n1,023 requests for 10 keys, 10.0 %"));
  CHECK_THAT(text, ContainsSubstring("\nrequests answered / missed, per cent\n"));
  CHECK_THAT(text, ContainsSubstring("   20%    1.95 KiB"));
  CHECK_THAT(text, !ContainsSubstring("nanoseconds"));
  CHECK_THAT(report_text(report, true), ContainsSubstring("nanoseconds for each request"));
}

TEST_CASE("report: JSON has each cell, and what a restart costs", "[bench]") {
  Mishaps mishaps;
  mishaps.restart = 0.5;
  const Json json = report_json(report_of({"20%", "50%"}, {"gdsf", "lru", "belady"}, mishaps));
  CHECK(json["requests"] == 1'023);
  CHECK(json["keys"] == 10);
  REQUIRE(json["cells"].size() == 6);
  const Json& cell = json["cells"][1];
  CHECK(cell["size"] == "20%");
  CHECK(cell["policy"] == "lru");
  CHECK(cell["capacity_bytes"] == 2'000);
  CHECK(cell["miss_ratio"].get<double>() ==
        cell["misses"].get<double>() / json["requests"].get<double>());
  CHECK(cell["without_restart"]["next_1_percent"]["requests"] == 10);
  CHECK(cell["after_restart"]["later"]["requests"] == cell["without_restart"]["later"]["requests"]);
  CHECK(json["recommendation"]["size"] == "50%");
}

TEST_CASE("report: the page is whole, and needs nothing beside itself", "[bench]") {
  const std::string html =
      reports_html({report_of({"20%", "50%", "4K"}, {"gdsf", "lru"}), report_of({"1M"}, {"lru"})});
  CHECK(html.starts_with("<!doctype html>"));
  CHECK(html.ends_with("</html>\n"));
  CHECK_THAT(html, ContainsSubstring("&lt;trace&gt; &amp; co"));
  for (const char* outside : {"http:", "https:", "src=", "href=", "@import", "url(", "<script"}) {
    CAPTURE(outside);
    CHECK_THAT(html, !ContainsSubstring(outside));
  }
  const auto count = [&](std::string_view what) {
    std::size_t found = 0;
    for (std::size_t at = html.find(what); at != std::string::npos; at = html.find(what, at + 1)) {
      ++found;
    }
    return found;
  };
  for (const char* element : {"svg", "g", "div", "section", "table", "tr", "td", "p", "main"}) {
    CAPTURE(element);
    const std::string name = element;
    CHECK(count("<" + name + ">") + count("<" + name + " ") == count("</" + name + ">"));
  }
  CHECK(count("<svg ") == 4);
  CHECK(count("class=\"marked\"") == 2);
}

TEST_CASE("report: hits stand beside misses", "[bench]") {
  const TraceReport report = report_of({"20%", "50%"}, {"gdsf", "lru"});
  const double missed = report.cells[0].result.all.miss_ratio() * 100;
  char both[64];
  std::snprintf(both, sizeof both, "%.2f / %5.2f", 100 - missed, missed);
  CHECK_THAT(report_text(report, false), ContainsSubstring(both));
  std::snprintf(both, sizeof both, "%.2f %%</td><td>%.2f %%", 100 - missed, missed);
  CHECK_THAT(reports_html({report}), ContainsSubstring(both));
  const Json cell = report_json(report)["cells"][0];
  CHECK(cell["hit_ratio"].get<double>() + cell["miss_ratio"].get<double>() == 1);
}

TEST_CASE("report: a policy keeps its colour, whatever stands beside it", "[bench]") {
  const auto colour_of = [](const std::string& html, const std::string& title) {
    const std::size_t end = html.find("\"></i>" + title);
    REQUIRE(end != std::string::npos);
    const std::size_t begin = html.rfind("class=\"", end) + 7;
    return html.substr(begin, end - begin);
  };
  const std::string one = reports_html({report_of({"50%"}, {"gdsf", "lru"})});
  const std::string other = reports_html({report_of({"50%"}, {"sieve", "lru", "fifo", "gdsf"})});
  CHECK(colour_of(one, "LRU") == colour_of(other, "LRU"));
  CHECK(colour_of(one, "larder (gdsf)") == colour_of(other, "larder (gdsf)"));
  CHECK_THAT(other, ContainsSubstring("<g class=\"curve " + colour_of(one, "LRU") + "\">"));
  std::set<int> colours;
  for (const PolicyChoice& policy : policy_choices()) {
    CHECK(colours.insert(policy.colour).second);
    const std::string variable = "--line-" + std::to_string(policy.colour) + ":";
    CHECK_THAT(one, ContainsSubstring(variable));
  }
}

TEST_CASE("simulation: sizes that larderd does not take are not simulated", "[bench]") {
  GridPlan plan;
  for (const char* size : {"512K", "2M", "1%", "50%", "1M"})
    plan.sizes.push_back(parse_cache_size(size));
  const auto texts = [](const std::vector<CacheSize>& sizes) {
    std::string text;
    for (const CacheSize& size : sizes) text += size.text + " ";
    return text;
  };
  SECTION("cache.size has a least") {
    plan.charge = Budget::Charge::store;
    CHECK(texts(take_out_too_small(plan, 10u << 20)) == "512K 1% ");
    CHECK(texts(plan.sizes) == "2M 50% 1M ");
    CHECK(larder::parse_config("[cache]\nsize = " + std::to_string(kLeastCacheBytes), kNoSecrets)
              .mistakes.empty());
    CHECK_FALSE(
        larder::parse_config("[cache]\nsize = " + std::to_string(kLeastCacheBytes - 1), kNoSecrets)
            .mistakes.empty());
  }
  SECTION("bytes have none but nothing") {
    CHECK(take_out_too_small(plan, 10u << 20).empty());
    CHECK(texts(take_out_too_small(plan, 99)) == "1% ");
  }
  SECTION("what is left out is said") {
    TraceReport report = report_of({"50%"}, {"gdsf"});
    CHECK_THAT(report_text(report, false), !ContainsSubstring("Not simulated"));
    report.plan.charge = Budget::Charge::store;
    report.too_small = {parse_cache_size("512K"), parse_cache_size("1%")};
    CHECK_THAT(report_text(report, false),
               ContainsSubstring("below the least cache.size (1 MiB): 512K 1%."));
  }
  SECTION("where none is left, that is an error") {
    plan.charge = Budget::Charge::store;
    plan.sizes = {parse_cache_size("512K")};
    CHECK_THROWS_AS(take_out_too_small(plan, 1'000), BenchError);
  }
}

TEST_CASE("report: text is made harmless for HTML", "[bench]") {
  CHECK(html_text("a<b>&\"c") == "a&lt;b&gt;&amp;&quot;c");
}
