// SPDX-License-Identifier: Apache-2.0
#include "bench/simulate/recommendation.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace larder::bench {
namespace {

constexpr std::string_view kOurPolicy = "gdsf";

double hit_ratio(const GridCell& cell) {
  return 1 - cell.result.all.miss_ratio();
}

std::vector<const GridCell*> ours_by_size(const std::vector<GridCell>& cells) {
  std::vector<const GridCell*> ours;
  for (const GridCell& cell : cells) {
    if (cell.policy->name == kOurPolicy) ours.push_back(&cell);
  }
  std::stable_sort(ours.begin(), ours.end(),
                   [](const GridCell* a, const GridCell* b) { return a->bytes < b->bytes; });
  return ours;
}

/// As cache.size: what was simulated, or what has room for what was in the cache at the end.
std::uint64_t cache_size_of(const GridCell& cell) {
  if (cell.budget.charge == Budget::Charge::store) return cell.bytes;
  return cache_size_for(cell.result.store_cost_at_end);
}

std::string answered_text(const GridCell& cell, double possible) {
  return percent_text(hit_ratio(cell)) + " of the requests are answered from the cache, " +
         percent_text(possible > 0 ? hit_ratio(cell) / possible : 1, 0) +
         " of what a cache without a bound would answer (" + percent_text(possible) + ")";
}

std::string size_in_words(const Recommendation& advice) {
  if (advice.cache_size.empty()) {
    return "Room for " + grouped_text(advice.cell->budget.capacity) +
           " objects (the trace gives no sizes)";
  }
  const bool exact = advice.cell->budget.charge == Budget::Charge::store;
  return "cache.size = \"" + advice.cache_size + "\"" + (exact ? "" : " (about)");
}

std::string neighbour_text(const char* kind, const GridCell& other, const GridCell& chosen) {
  const double misses = static_cast<double>(other.result.all.misses);
  const double ratio = misses / std::max<double>(1, chosen.result.all.misses);
  const std::string change =
      ratio > 1 ? percent_text(ratio - 1, 0) + " more" : percent_text(1 - ratio, 0) + " fewer";
  return " The next " + std::string(kind) + " size (" + other.size.text + ") would send " + change +
         " requests to the origin.";
}

}  // namespace

Recommendation recommend(const Trace& trace, const std::vector<GridCell>& cells) {
  Recommendation advice;
  const std::vector<const GridCell*> ours = ours_by_size(cells);
  if (ours.empty()) return advice;
  const double possible =
      1 - static_cast<double>(trace.first_requests) / static_cast<double>(trace.requests);
  const auto enough = std::find_if(ours.begin(), ours.end(), [&](const GridCell* cell) {
    return hit_ratio(*cell) >= kEnough * possible;
  });
  advice.enough = enough != ours.end();
  const auto chosen = advice.enough ? enough : ours.end() - 1;
  advice.cell = *chosen;
  if (trace.largest_bytes > 1) advice.cache_size = rounded_size_text(cache_size_of(**chosen));
  advice.text = size_in_words(advice) + ": with it " + answered_text(*advice.cell, possible) + ".";
  if (!advice.enough) {
    advice.text += " That is the largest size tried, and a larger one would pay.";
  } else if (chosen + 1 == ours.end()) {
    advice.text += " That is the largest size tried.";
  }
  if (chosen != ours.begin()) advice.text += neighbour_text("smaller", **(chosen - 1), **chosen);
  if (chosen + 1 != ours.end()) advice.text += neighbour_text("larger", **(chosen + 1), **chosen);
  return advice;
}

std::string percent_text(double part, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f %%", digits, part * 100);
  return text;
}

std::string grouped_text(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

}  // namespace larder::bench
