// SPDX-License-Identifier: Apache-2.0
#include "bench/simulate/simulation_report.h"

#include <algorithm>
#include <cstdio>
#include <functional>

#include "bench/run/amounts.h"

namespace larder::bench {
namespace {

using CellText = std::function<std::string(const GridCell&)>;

std::string number_text(const char* form, double number) {
  char text[48];
  std::snprintf(text, sizeof text, form, number);
  return text;
}

std::string right(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

/// A row for each size, a column for each policy.
std::string table(const std::string& title, const TraceReport& report, const CellText& text_of) {
  const std::size_t policies = report.plan.policies.size();
  std::size_t size_width = 4;
  std::size_t width = 7;
  for (const GridCell& cell : report.cells) {
    size_width = std::max(size_width, cell.size.text.size());
    width = std::max({width, text_of(cell).size(), std::string(cell.policy->name).size()});
  }
  std::string text = title + "\n" + right("size", size_width + 2) + right("bytes", 12);
  for (const PolicyChoice* policy : report.plan.policies) text += "  " + right(policy->name, width);
  text += "\n";
  for (std::size_t i = 0; i < report.cells.size(); ++i) {
    const GridCell& cell = report.cells[i];
    if (i % policies == 0) {
      text += right(cell.size.text, size_width + 2) + right(bytes_text(cell.bytes), 12);
    }
    text += "  " + right(text_of(cell), width) + (i % policies == policies - 1 ? "\n" : "");
  }
  return text;
}

Json tally_json(const Tally& tally) {
  return {{"requests", tally.requests},
          {"misses", tally.misses},
          {"hit_ratio", 1 - tally.miss_ratio()},
          {"miss_ratio", tally.miss_ratio()},
          {"bytes", tally.bytes},
          {"missed_bytes", tally.missed_bytes},
          {"byte_hit_ratio", 1 - tally.byte_miss_ratio()},
          {"byte_miss_ratio", tally.byte_miss_ratio()}};
}

Json result_json(const SimulationResult& result) {
  Json out = tally_json(result.all);
  out.update({{"stores", result.stores},
              {"evictions", result.evictions},
              {"not_admitted", result.not_admitted},
              {"too_large", result.too_large},
              {"most_objects", result.most_objects},
              {"most_charged_bytes", result.most_charged}});
  return out;
}

Json cell_json(const GridCell& cell, const GridPlan& plan) {
  Json out = {{"size", cell.size.text},
              {"size_bytes", cell.bytes},
              {"capacity_bytes", cell.budget.capacity},
              {"policy", cell.policy->name}};
  out.update(result_json(cell.result));
  if (!plan.mishaps.restart || !cell.undisturbed) return out;
  out["after_restart"] = {{"next_1_percent", tally_json(cell.result.after_restart)},
                          {"later", tally_json(cell.result.later)}};
  out["without_restart"] = {{"next_1_percent", tally_json(cell.undisturbed->after_restart)},
                            {"later", tally_json(cell.undisturbed->later)}};
  return out;
}

/// "12.34 (+0.56)": in per cent, and points more than without the restart.
std::string disturbed_text(const Tally& with, const Tally& without) {
  return number_text("%.2f", with.miss_ratio() * 100) +
         number_text(" (%+.2f)", (with.miss_ratio() - without.miss_ratio()) * 100);
}

std::string restart_tables(const TraceReport& report) {
  return "\n" +
         table(
             "requests missed in the 1 % after the restart, per cent (and points more than "
             "without)",
             report,
             [](const GridCell& cell) {
               return disturbed_text(cell.result.after_restart, cell.undisturbed->after_restart);
             }) +
         "\n" +
         table("requests missed in the rest of the trace, likewise", report,
               [](const GridCell& cell) {
                 return disturbed_text(cell.result.later, cell.undisturbed->later);
               });
}

double of_requests(const Trace& trace, std::uint64_t count) {
  return static_cast<double>(count) / static_cast<double>(trace.requests);
}

}  // namespace

Json report_json(const TraceReport& report) {
  const Trace& trace = report.trace;
  Json out = {{"trace", trace.name},
              {"format", trace.format},
              {"requests", trace.requests},
              {"purges", trace.purges},
              {"keys", trace.keys()},
              {"keys_asked_once", trace.keys_asked_once},
              {"lines_skipped", trace.lines_skipped},
              {"footprint_bytes", trace.footprint_bytes},
              {"requested_bytes", trace.requested_bytes},
              {"largest_bytes", trace.largest_bytes},
              {"span_s", trace.span_s},
              {"unbounded_misses", trace.first_requests},
              {"unbounded_miss_ratio", of_requests(trace, trace.first_requests)},
              {"charge", report.plan.charge == Budget::Charge::store ? "store" : "bytes"}};
  out["sizes_too_small"] = Json::array();
  for (const CacheSize& size : report.too_small) out["sizes_too_small"].push_back(size.text);
  out["cells"] = Json::array();
  for (const GridCell& cell : report.cells) out["cells"].push_back(cell_json(cell, report.plan));
  if (report.advice.cell != nullptr) {
    out["recommendation"] = {{"size", report.advice.cell->size.text},
                             {"cache_size", report.advice.cache_size},
                             {"enough", report.advice.enough},
                             {"text", report.advice.text}};
  }
  return out;
}

std::string summary_text(const Trace& trace) {
  std::string text =
      grouped_text(trace.requests) + " requests for " + grouped_text(trace.keys()) + " keys, " +
      percent_text(static_cast<double>(trace.keys_asked_once) / static_cast<double>(trace.keys())) +
      " of them asked for once; footprint " + bytes_text(trace.footprint_bytes) +
      "; a cache without a bound would miss " +
      percent_text(of_requests(trace, trace.first_requests)) + ".";
  if (trace.purges > 0) text += " " + grouped_text(trace.purges) + " purges.";
  if (trace.lines_skipped > 0) {
    text += " " + grouped_text(trace.lines_skipped) + " lines are no cacheable request.";
  }
  return text;
}

std::string conditions_text(const TraceReport& report) {
  const GridPlan& plan = report.plan;
  std::string text = plan.charge == Budget::Charge::store
                         ? "Sizes are cache.size, of which objects take what larder's store takes "
                           "for them."
                         : "Sizes are bytes of bodies; larder's store needs more for them.";
  if (plan.low_water) {
    text += " Eviction goes down to " + percent_text(*plan.low_water) + " of the capacity.";
  }
  if (plan.mishaps.drop_hits > 0) {
    text += " The policy hears of " + percent_text(1 - plan.mishaps.drop_hits) + " of the hits.";
  }
  if (plan.mishaps.restart) {
    text +=
        " A crash and restart after " + percent_text(*plan.mishaps.restart) + " of the requests.";
  }
  if (!report.too_small.empty()) {
    text += " Not simulated, for they are below the least " +
            std::string(plan.charge == Budget::Charge::store
                            ? "cache.size (" + bytes_text(kLeastCacheBytes) + "):"
                            : "size:");
    for (const CacheSize& size : report.too_small) text += " " + size.text;
    text += ".";
  }
  return text;
}

std::string report_text(const TraceReport& report, bool with_time) {
  const auto percent = [](double part) { return number_text("%.2f", part * 100); };
  const auto both = [&](double missed) {
    return percent(1 - missed) + " / " + right(percent(missed), 5);
  };
  std::string text = report.trace.name + " (" + report.trace.format + ")\n" +
                     summary_text(report.trace) + "\n" + conditions_text(report) + "\n\n";
  text += table("requests answered / missed, per cent", report,
                [&](const GridCell& cell) { return both(cell.result.all.miss_ratio()); });
  text += "\n" + table("bytes answered / missed, per cent", report, [&](const GridCell& cell) {
            return both(cell.result.all.byte_miss_ratio());
          });
  text += "\n" + table("writes for each 100 requests", report, [&](const GridCell& cell) {
            return percent(of_requests(report.trace, cell.result.stores));
          });
  if (report.plan.mishaps.restart) text += restart_tables(report);
  if (with_time) {
    const auto requests = static_cast<double>(report.trace.requests);
    text += "\n" + table("nanoseconds for each request", report, [&](const GridCell& cell) {
              return number_text("%.0f", cell.seconds / requests * 1e9);
            });
  }
  if (report.advice.cell != nullptr) text += "\n" + report.advice.text + "\n";
  return text;
}

}  // namespace larder::bench
