// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/top_requests.h"

#include <algorithm>

#include "conf/base/json_text.h"
#include "conf/base/redact.h"

namespace larder {
namespace {

bool is_miss(Outcome outcome) {
  return outcome == Outcome::miss || outcome == Outcome::joined || outcome == Outcome::failed;
}

std::uint64_t mean_us(const FrequentRows::Row& row) {
  return row.seen == 0 ? 0 : row.sum_us / row.seen;
}

std::uint64_t rank(const FrequentRows::Row& row, TopBy by) {
  switch (by) {
    case TopBy::requests:
      return row.samples;
    case TopBy::misses:
      return row.missed;
    case TopBy::bytes:
      return row.largest_bytes;
    case TopBy::time:
      return mean_us(row);
  }
  return 0;
}

std::string row_json(const FrequentRows::Row& row) {
  const auto number = [](const char* name, std::uint64_t value) {
    return ",\"" + std::string(name) + "\":" + std::to_string(value);
  };
  std::string out = "{\"scope\":" + json_quote(row.place);
  if (!row.target.empty()) out += ",\"url\":" + json_quote(row.target);
  out += number("samples", row.samples) + number("too_many", row.too_many);
  out += number("seen", row.seen) + number("missed", row.missed);
  out += number("mean_us", mean_us(row)) + number("longest_us", row.longest_us);
  return out + number("largest_bytes", row.largest_bytes) + "}";
}

std::string rows_json(const std::vector<FrequentRows::Row>& rows) {
  std::string out = "[";
  for (const auto& row : rows) out += (out.size() > 1 ? "," : "") + row_json(row);
  return out + "]";
}

std::string key_of(std::string_view target, std::string_view place) {
  return std::string(target).append("\n").append(place);
}

}  // namespace

std::optional<TopBy> top_by(std::string_view name) {
  if (name == "requests") return TopBy::requests;
  if (name == "misses") return TopBy::misses;
  if (name == "bytes") return TopBy::bytes;
  if (name == "time") return TopBy::time;
  return std::nullopt;
}

FrequentRows::Row& FrequentRows::row_of(std::string_view target, std::string_view place) {
  std::string key = key_of(target, place);
  if (const auto found = places_.find(key); found != places_.end()) return rows_[found->second];
  std::size_t at = rows_.size();
  std::uint64_t inherited = 0;
  if (at < most_) {
    rows_.emplace_back();
  } else {
    const auto least = std::min_element(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
      return a.samples < b.samples;
    });
    at = static_cast<std::size_t>(least - rows_.begin());
    inherited = least->samples;
    places_.erase(key_of(least->target, least->place));
  }
  rows_[at] = Row{.target = std::string(target),
                  .place = std::string(place),
                  .samples = inherited,
                  .too_many = inherited};
  places_.emplace(std::move(key), at);
  return rows_[at];
}

void FrequentRows::add(std::string_view target, std::string_view place,
                       const AccessRecord& request) {
  Row& row = row_of(target, place);
  ++row.samples;
  ++row.seen;
  if (is_miss(request.outcome)) ++row.missed;
  row.sum_us += request.duration_us;
  row.longest_us = std::max<std::uint64_t>(row.longest_us, request.duration_us);
  row.largest_bytes = std::max(row.largest_bytes, request.body_bytes);
}

void FrequentRows::age() {
  for (Row& row : rows_) {
    const std::uint64_t mean = mean_us(row);
    for (auto* count : {&row.samples, &row.too_many, &row.seen, &row.missed}) *count /= 2;
    row.sum_us = mean * row.seen;
  }
  std::erase_if(rows_, [](const Row& row) { return row.samples == 0; });
  places_.clear();
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    places_.emplace(key_of(rows_[i].target, rows_[i].place), i);
  }
}

std::vector<FrequentRows::Row> FrequentRows::top(TopBy by, std::size_t limit) const {
  std::vector<Row> rows;
  std::copy_if(rows_.begin(), rows_.end(), std::back_inserter(rows),
               [by](const Row& row) { return rank(row, by) > 0; });
  std::stable_sort(rows.begin(), rows.end(),
                   [by](const Row& a, const Row& b) { return rank(a, by) > rank(b, by); });
  if (rows.size() > limit) rows.resize(limit);
  return rows;
}

void TopRequests::add(const RequestSample& sample) {
  const AccessRecord& request = sample.request;
  const std::string place = redact(sample.place.data());
  const std::string target = redact(request.target.text());
  ++samples_;
  urls_.add(target.empty() ? "-" : target, place, request);
  scopes_.add({}, place, request);
}

void TopRequests::age(MonotonicTime now) {
  if (!aged_) aged_ = now;
  if (now.ms - aged_->ms < kAgeMs) return;
  aged_ = now;
  samples_ /= 2;
  urls_.age();
  scopes_.age();
}

std::string TopRequests::json(TopBy by, std::size_t limit) const {
  return "{\"samples\":" + std::to_string(samples_) +
         ",\"urls\":" + rows_json(urls_.top(by, limit)) +
         ",\"scopes\":" + rows_json(scopes_.top(by, limit)) + "}\n";
}

}  // namespace larder
