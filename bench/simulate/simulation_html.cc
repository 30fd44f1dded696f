// SPDX-License-Identifier: Apache-2.0
#include "bench/simulate/simulation_html.h"

#include <algorithm>
#include <functional>

#include "bench/run/amounts.h"
#include "bench/simulate/miss_curve.h"

namespace larder::bench {
namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --back: #fbfbfa; --panel: #ffffff; --ink: #1d1f21; --soft: #62676d;
  --rule: #e2e4e6; --mark: #0b6e4f; --mark-back: #e9f5ef;
  --line-0: #0072b2; --line-1: #d55e00; --line-2: #8a8d91; --line-3: #009e73; --line-4: #b5489a;
  --line-5: #b8860b; --line-6: #4a4ac8; }
@media (prefers-color-scheme: dark) {
  :root { --back: #16181a; --panel: #1e2124; --ink: #e8e9ea; --soft: #9ba1a7; --rule: #33383d;
    --mark: #6fd3ab; --mark-back: #17302a;
    --line-0: #56b4e9; --line-1: #ff8c42; --line-2: #9aa0a6; --line-3: #2fcf9b; --line-4: #e38acb;
    --line-5: #e6c229; --line-6: #9a9aff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); line-height: 1.5;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 1.7rem; margin: 0 0 4px; } h2 { font-size: 1.25rem; margin: 40px 0 4px; }
h3 { font-size: 1rem; margin: 0 0 8px; } p { margin: 0 0 12px; } .soft { color: var(--soft); }
.panel { background: var(--panel); border: 1px solid var(--rule); border-radius: 10px;
  padding: 16px 18px; margin: 16px 0; overflow-x: auto; }
.advice { background: var(--mark-back); border-left: 4px solid var(--mark); border-radius: 6px;
  padding: 14px 18px; margin: 16px 0; } .advice b { color: var(--mark); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 10px;
  margin: 16px 0; padding: 0; }
.tiles div { background: var(--panel); border: 1px solid var(--rule); border-radius: 10px;
  padding: 10px 14px; } .tiles dt { color: var(--soft); font-size: .82rem; }
.tiles dd { margin: 0; font-size: 1.15rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 6px; padding: 0;
  list-style: none; font-size: .9rem; }
.legend i { display: inline-block; width: 18px; height: 3px; border-radius: 2px; margin-right: 7px;
  vertical-align: middle; }
svg { display: block; width: 100%; min-width: 560px; height: auto; }
svg text { font-size: 12px; fill: var(--ink); } svg .axis { fill: var(--soft); }
svg .note { fill: var(--soft); font-size: 11px; } .end { text-anchor: end; }
.middle { text-anchor: middle; } .grid { stroke: var(--rule); }
.least { stroke: var(--soft); stroke-dasharray: 2 4; }
.marked { stroke: var(--mark); stroke-width: 2; stroke-dasharray: 6 4; }
.curve polyline { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
.curve.c0 polyline { stroke-width: 3.2; } .band { fill: transparent; }
.tip { opacity: 0; pointer-events: none; } .at:hover .tip, .at:focus .tip { opacity: 1; }
.at:focus { outline: none; } .cursor { stroke: var(--soft); }
.box { fill: var(--panel); stroke: var(--rule); } .tip-head { font-weight: 600; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 5px 12px; border-bottom: 1px solid var(--rule);
  white-space: nowrap; } th { color: var(--soft); font-weight: 600; }
tr.chosen td { background: var(--mark-back); } details { margin: 12px 0; }
summary { cursor: pointer; font-weight: 600; } code { font-size: .95em; }
)";

using CellValue = std::function<double(const GridCell&)>;

std::string colour_rules() {
  std::string css;
  for (const PolicyChoice& policy : policy_choices()) {
    const std::string number = std::to_string(policy.colour);
    const std::string colour = "var(--line-" + number + ")";
    css += ".c" + number + " polyline { stroke: " + colour + "; } .c" + number +
           " circle, circle.c" + number + ", i.c" + number + " { fill: " + colour +
           "; background: " + colour + "; }\n";
  }
  return css;
}

std::string tile(const std::string& name, const std::string& value) {
  return "<div><dt>" + html_text(name) + "</dt><dd>" + html_text(value) + "</dd></div>";
}

std::string tiles(const Trace& trace) {
  const auto of = [](std::uint64_t some, std::uint64_t all) {
    return percent_text(static_cast<double>(some) /
                        static_cast<double>(std::max<std::uint64_t>(all, 1)));
  };
  return "<dl class=\"tiles\">" + tile("requests", grouped_text(trace.requests)) +
         tile("keys", grouped_text(trace.keys())) +
         tile("keys asked for once", of(trace.keys_asked_once, trace.keys())) +
         tile("purges", grouped_text(trace.purges)) +
         tile("footprint", bytes_text(trace.footprint_bytes)) +
         tile("largest object", bytes_text(trace.largest_bytes)) +
         tile("first requests", of(trace.first_requests, trace.requests)) +
         tile("lines skipped", grouped_text(trace.lines_skipped)) + "</dl>\n";
}

std::string legend(const GridPlan& plan) {
  std::string out = "<ul class=\"legend\">";
  for (const PolicyChoice* policy : plan.policies) {
    out += "<li><i class=\"c" + std::to_string(policy->colour) + "\"></i>" +
           html_text(policy->title) + "</li>";
  }
  return out + "</ul>";
}

/// Places of the plan's sizes, rising.
std::vector<std::size_t> sizes_in_order(const TraceReport& report) {
  const std::size_t policies = report.plan.policies.size();
  std::vector<std::size_t> order(report.plan.sizes.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return report.cells[a * policies].bytes < report.cells[b * policies].bytes;
  });
  return order;
}

std::string chart(const TraceReport& report, const std::string& title, const std::string& purpose,
                  double least, const CellValue& value) {
  const std::size_t policies = report.plan.policies.size();
  MissCurves curves;
  curves.title = title;
  curves.least = least;
  for (const PolicyChoice* policy : report.plan.policies)
    curves.curves.push_back({policy->title, policy->colour, {}});
  for (const std::size_t size : sizes_in_order(report)) {
    const GridCell* const row = &report.cells[size * policies];
    if (report.advice.cell != nullptr && report.advice.cell->size.text == row->size.text) {
      curves.marked = curves.sizes.size();
    }
    curves.sizes.push_back({row->size.text, row->bytes});
    for (std::size_t i = 0; i < policies; ++i) curves.curves[i].misses.push_back(value(row[i]));
  }
  return "<div class=\"panel\"><h3>" + html_text(title) + "</h3><p class=\"soft\">" +
         html_text(purpose) + "</p>" + legend(report.plan) + miss_curves_svg(curves) + "</div>\n";
}

std::string hit_and_miss(double missed) {
  return percent_text(1 - missed, 2) + "</td><td>" + percent_text(missed, 2);
}

std::string figures(const TraceReport& report) {
  const std::size_t policies = report.plan.policies.size();
  std::string out =
      "<details class=\"panel\"><summary>All figures</summary><table><thead><tr><th>size</th>"
      "<th>bytes</th><th>policy</th><th>requests answered</th><th>missed</th>"
      "<th>bytes answered</th><th>missed</th><th>writes</th>"
      "<th>most objects</th></tr></thead><tbody>\n";
  for (const std::size_t size : sizes_in_order(report)) {
    for (std::size_t i = 0; i < policies; ++i) {
      const GridCell& cell = report.cells[size * policies + i];
      out += std::string("<tr") + (&cell == report.advice.cell ? " class=\"chosen\"" : "") +
             "><td>" + html_text(cell.size.text) + "</td><td>" + bytes_text(cell.bytes) +
             "</td><td>" + html_text(cell.policy->title) + "</td><td>" +
             hit_and_miss(cell.result.all.miss_ratio()) + "</td><td>" +
             hit_and_miss(cell.result.all.byte_miss_ratio()) + "</td><td>" +
             grouped_text(cell.result.stores) + "</td><td>" +
             grouped_text(cell.result.most_objects) + "</td></tr>\n";
    }
  }
  return out + "</tbody></table></details>\n";
}

std::string section(const TraceReport& report) {
  const Trace& trace = report.trace;
  const auto ratio = [](std::uint64_t some, std::uint64_t all) {
    return static_cast<double>(some) / static_cast<double>(std::max<std::uint64_t>(all, 1));
  };
  std::string out = "<section><h2>" + html_text(trace.name) + "</h2><p class=\"soft\">" +
                    html_text(trace.format) + ". " + html_text(conditions_text(report)) + "</p>\n" +
                    tiles(trace);
  if (report.advice.cell != nullptr) {
    out += "<p class=\"advice\"><b>Recommendation.</b> " + html_text(report.advice.text) + "</p>\n";
  }
  out += chart(report, "Requests missed",
               "Each is a request to the origin, and a wait for the visitor.",
               ratio(trace.first_requests, trace.requests),
               [](const GridCell& cell) { return cell.result.all.miss_ratio(); });
  out += chart(report, "Bytes missed", "What the origin has to send.",
               ratio(trace.first_bytes, trace.requested_bytes),
               [](const GridCell& cell) { return cell.result.all.byte_miss_ratio(); });
  return out + figures(report) + "</section>\n";
}

}  // namespace

std::string reports_html(const std::vector<TraceReport>& reports) {
  std::string sections;
  for (const TraceReport& report : reports) sections += section(report);
  return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<title>How large should the cache be?</title>\n<style>" +
         std::string(kStyle) + colour_rules() +
         "</style>\n</head>\n<body>\n<main>\n<h1>How large should the cache be?</h1>\n"
         "<p class=\"soft\">Requests replayed through larder's own eviction policy, and others to "
         "compare with, at several cache sizes. Point at a curve for its figures.</p>\n" +
         sections + "</main>\n</body>\n</html>\n";
}

}  // namespace larder::bench
