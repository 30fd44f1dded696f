// SPDX-License-Identifier: Apache-2.0
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "bench/trace/trace_format.h"
#include "daemon/watch/access_record.h"

namespace larder::bench {
namespace {

constexpr std::array kFromOrForTheCache{Outcome::hit,  Outcome::stale,  Outcome::stale_error,
                                        Outcome::miss, Outcome::joined, Outcome::committed};

bool concerns_the_cache(std::string_view outcome, std::int64_t status) {
  const bool stored = status == 200 || status == 304 || status == 404 || status == 422;
  return stored && std::any_of(kFromOrForTheCache.begin(), kFromOrForTheCache.end(),
                               [&](Outcome known) { return outcome == name_of(known); });
}

/// A line of format_access_record().
struct Line {
  double time_s = 0;
  std::int64_t status = 0;
  std::uint64_t size = 0;
  std::string_view outcome, scope, key;  ///< into the parser's buffer
};

class LarderLog final : public LineParser {
 public:
  const char* format() const override { return "larder's access log"; }

  std::optional<std::string> take(std::string_view text, TraceBuilder& trace) override {
    const std::optional<Line> line = read(text);
    if (!line) return "not a line of larder's access log; remove it";
    if (!concerns_the_cache(line->outcome, line->status) || line->key.empty()) {
      trace.skip();
      return std::nullopt;
    }
    const std::string key = std::string(line->scope) + std::string(line->key);
    std::uint64_t& size = sizes_[key];
    if (line->size != 0) size = line->size;
    if (size == 0) {
      trace.skip();
    } else {
      trace.request(line->time_s, key, size);
    }
    return std::nullopt;
  }

 private:
  std::optional<Line> read(std::string_view text) {
    buffer_.assign(text);
    buffer_.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    simdjson::ondemand::document document;
    if (parser_.iterate(buffer_.data(), buffer_.size(), buffer_.capacity()).get(document) != 0)
      return std::nullopt;
    Line line;
    const bool whole =
        document["time"].get(line.time_s) == 0 && document["status"].get(line.status) == 0 &&
        document["outcome"].get(line.outcome) == 0 && document["size"].get(line.size) == 0 &&
        document["scope"].get(line.scope) == 0 && document["key"].get(line.key) == 0;
    if (!whole) return std::nullopt;
    return line;
  }

  simdjson::ondemand::parser parser_;
  std::string buffer_;
  std::unordered_map<std::string, std::uint64_t> sizes_;
};

}  // namespace

std::unique_ptr<LineParser> parse_larder_log() {
  return std::make_unique<LarderLog>();
}

}  // namespace larder::bench
