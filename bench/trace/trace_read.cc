// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "bench/trace/trace_file.h"
#include "bench/trace/trace_format.h"

namespace larder::bench {
namespace {

constexpr std::uint64_t kLinesBetweenNews = 16'384;

std::unique_ptr<LineParser> parser_of(const TraceFile& file, std::string_view first_line) {
  auto parser = parser_for(first_line);
  if (parser) return parser;
  throw file.mistake(
      "unknown format; a trace is CSV with the header time,key,size, larder's access log, or a log "
      "in common or combined format");
}

/// The name of its format.
std::string read_file(const std::string& path, TraceBuilder& trace,
                      const std::function<void(double)>& tell) {
  TraceFile file(path);
  std::unique_ptr<LineParser> parser;
  std::string_view line;
  while (file.next(line)) {
    if (line.empty()) continue;
    if (!parser) parser = parser_of(file, line);
    if (const auto mistake = parser->take(line, trace)) throw file.mistake(*mistake);
    if (file.line_number() % kLinesBetweenNews == 0) tell(file.progress());
  }
  if (!parser) throw BenchError(path + ": the file is empty");
  return parser->format();
}

}  // namespace

std::unique_ptr<LineParser> parser_for(std::string_view first_line) {
  if (first_line == "time,key,size") return parse_csv();
  if (first_line.starts_with('{')) return parse_larder_log();
  if (first_line.find("] \"") != std::string_view::npos) return parse_web_log();
  return nullptr;
}

Trace read_trace(const std::vector<std::string>& paths, const std::function<void(double)>& tell) {
  TraceBuilder builder;
  std::string name;
  std::string format;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    format = read_file(paths[i], builder, [&](double part) {
      tell((static_cast<double>(i) + part) / static_cast<double>(paths.size()));
    });
    name += (i == 0 ? "" : " + ") + std::filesystem::path(paths[i]).filename().string();
  }
  Trace trace = builder.finish(std::move(name), std::move(format));
  if (trace.requests == 0)
    throw BenchError(trace.name + ": no request in it that a cache could answer");
  return trace;
}

}  // namespace larder::bench
