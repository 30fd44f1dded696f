// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/feed_board.h"

#include <utility>

#include "cache/tags/place.h"
#include "conf/base/json_text.h"
#include "conf/base/redact.h"

namespace larder {
namespace {

std::string feed_json(const FeedSnapshot& feed, MonotonicTime now) {
  std::string out = "{\"stack\":" + json_quote(feed.name.api_key) +
                    ",\"environment\":" + json_quote(feed.name.environment) +
                    ",\"branch\":" + json_quote(feed.name.branch) +
                    ",\"state\":" + json_quote(feed.state) + ",\"complete_ago_ms\":";
  out += feed.complete_at ? std::to_string(now.ms - feed.complete_at->ms) : "null";
  for (const auto& [result, count] : feed.polls) {
    out += "," + json_quote(result) + ":" + std::to_string(count);
  }
  out += ",\"purges\":" + std::to_string(feed.purges) +
         ",\"lag_ms\":" + std::to_string(feed.lag_ms) +
         ",\"learning\":" + (feed.learning ? "true" : "false") + ",\"trouble\":";
  return out + (feed.trouble.empty() ? "null" : json_quote(redact(feed.trouble))) + "}";
}

}  // namespace

std::uint64_t place_of(const FeedName& feed) {
  return place_of(feed.api_key, feed.environment, feed.branch);
}

std::string text_of(const FeedName& feed) {
  return feed.api_key + "/" + feed.environment + "/" + feed.branch;
}

void FeedBoard::show(std::vector<FeedSnapshot> feeds) {
  const std::lock_guard lock(mutex_);
  feeds_ = std::move(feeds);
}

void FeedBoard::for_each(const std::function<void(const FeedSnapshot& feed)>& visit) const {
  const std::lock_guard lock(mutex_);
  for (const FeedSnapshot& feed : feeds_) visit(feed);
}

std::string FeedBoard::json(MonotonicTime now) const {
  std::string out = "[";
  for_each([&](const FeedSnapshot& feed) {
    if (out.size() > 1) out += ",";
    out += feed_json(feed, now);
  });
  return out + "]";
}

}  // namespace larder
