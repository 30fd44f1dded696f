// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/purge_log.h"

#include <algorithm>
#include <utility>

#include "conf/base/json_text.h"
#include "conf/base/redact.h"
#include "conf/base/utc_text.h"

namespace larder {
namespace {

constexpr std::size_t kMostNamed = 8;  ///< changes of one purge
constexpr std::size_t kMostText = 1'024;

void append_change(const ContentChange& change, std::string& text) {
  if (!text.empty()) text += ", ";
  std::string kind = name_of(change.what);
  std::replace(kind.begin(), kind.end(), '_', ' ');
  text.append(kind).append(" ");
  if (!change.content_type.empty()) text.append(change.content_type).append("/");
  text += change.uid;
  if (!change.locale.empty()) text.append(" (").append(change.locale).append(")");
}

std::string changes_text(const std::vector<ContentChange>& changes) {
  std::string text;
  const std::size_t named = std::min(changes.size(), kMostNamed);
  for (std::size_t i = 0; i < named; ++i) append_change(changes[i], text);
  if (changes.size() > named) {
    text.append(" and ").append(std::to_string(changes.size() - named)).append(" more");
  }
  return text;
}

/// What somebody has sent; whatever looks like a token does not show. Cut only then: half a token
/// has not its looks.
std::string shown(std::string_view text) {
  return redact(text).substr(0, kMostText);
}

template <class Number>
std::string number_or_null(const std::optional<Number>& number) {
  return number ? std::to_string(*number) : "null";
}

std::string record_json(const PurgeRecord& record) {
  std::string out = "{\"time\":" + json_quote(utc_text(record.at));
  out.append(",\"source\":").append(json_quote(name_of(record.source)));
  out.append(",\"purged\":").append(json_quote(record.subject));
  out.append(",\"scope\":").append(json_quote(record.scope));
  out.append(",\"changes\":").append(std::to_string(record.changes));
  out.append(",\"tags\":").append(std::to_string(record.tags));
  out.append(",\"objects\":").append(number_or_null(record.objects));
  out.append(",\"lag_ms\":").append(number_or_null(record.lag_ms));
  out.append(",\"hard\":").append(record.hard ? "true" : "false");
  out.append(",\"done\":").append(record.failed ? "false" : "true");
  return out + "}";
}

}  // namespace

const char* name_of(PurgeSource source) {
  switch (source) {
    case PurgeSource::operator_:
      return "operator";
    case PurgeSource::http:
      return "http";
    case PurgeSource::webhook:
      return "webhook";
    case PurgeSource::sync:
      return "sync";
    case PurgeSource::bus:
      return "bus";
  }
  return "?";
}

std::string subject_of(const PurgeOrder& order) {
  switch (order.what) {
    case PurgeOrder::What::all:
      return "all";
    case PurgeOrder::What::scope:
      return "whole scope";
    case PurgeOrder::What::change:
      return shown(changes_text(order.changes));
    case PurgeOrder::What::url:
      return shown("url " + order.path + (order.query.empty() ? "" : "?") + order.query);
    case PurgeOrder::What::path:
      return shown("path " + order.path + " and below");
  }
  return "?";
}

std::string scope_text(const PurgeOrder& order) {
  if (order.what == PurgeOrder::What::all) return "";
  const auto part = [](const std::string& text) { return text.empty() ? "*" : text; };
  return shown(part(order.api_key) + "/" + part(order.environment) + "/" + part(order.branch));
}

void PurgeLog::keep(std::size_t most) {
  const std::lock_guard lock(mutex_);
  most_ = most;
  while (records_.size() > most_) records_.pop_front();
}

std::function<void(PurgeResult)> PurgeLog::noting(const PurgeOrder& order,
                                                  const AnchoredClock& clock,
                                                  std::function<void(PurgeResult)> done) {
  PurgeRecord record;
  record.source = order.source;
  record.subject = subject_of(order);
  record.scope = scope_text(order);
  record.changes = order.changes.size();
  record.hard = order.hard || !order.raises_epochs();
  const bool counted = order.counts || !order.raises_epochs();
  const bool is_event = order.source != PurgeSource::operator_ && order.source != PurgeSource::http;
  const WallTime happened = is_event ? order.happened : WallTime{};
  return [this, record, counted, happened, &clock, done = std::move(done)](PurgeResult result) {
    PurgeRecord ended = record;
    ended.at = clock.now();
    if (happened.ms > 0) ended.lag_ms = std::max<std::int64_t>(0, ended.at.ms - happened.ms);
    if (counted) ended.objects = result.objects;
    ended.tags = result.tags;
    ended.failed = result.error.has_value();
    note(std::move(ended));
    done(std::move(result));
  };
}

void PurgeLog::note(PurgeRecord record) {
  const std::lock_guard lock(mutex_);
  Counts& counts = counts_[static_cast<std::size_t>(record.source)];
  ++(record.failed ? counts.failed : counts.done);
  counts.tags += record.tags;
  records_.push_back(std::move(record));
  while (records_.size() > most_) records_.pop_front();
}

void PurgeLog::note_repeated(PurgeSource source, std::uint64_t events) {
  const std::lock_guard lock(mutex_);
  counts_[static_cast<std::size_t>(source)].repeated += events;
}

std::array<PurgeLog::Counts, PurgeLog::kSources> PurgeLog::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

std::string PurgeLog::json(std::size_t most) const {
  const std::lock_guard lock(mutex_);
  std::string out = "{\"events\":[";
  std::size_t left = std::min(most, records_.size());
  for (auto record = records_.rbegin(); left > 0; ++record, --left) {
    if (record != records_.rbegin()) out += ",";
    out += record_json(*record);
  }
  return out + "]}\n";
}

}  // namespace larder
