// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/reference_walk.h"

#include <utility>

namespace larder {
namespace {

CanonicalRequest request_for(const WalkQuestion& question) {
  CanonicalRequest canonical;
  canonical.path = "/v3/stacks/sync";
  if (!question.pagination_token.empty()) {
    canonical.query = "pagination_token=" + query_encoded(question.pagination_token);
    return canonical;
  }
  canonical.query = "init=true&type=entry_published";
  if (!question.content_type.empty()) {
    canonical.query += "&content_type_uid=" + query_encoded(question.content_type);
  }
  return canonical;
}

}  // namespace

ReferenceWalk::ReferenceWalk(Transfers& transfers, std::uint64_t seed, Ways ways)
    : ways_(std::move(ways)),
      number_(seed),
      fetch_(
          transfers, [this](std::string_view piece) { page_->feed(piece); },
          [this](const SyncReply& reply) { end(reply); }) {}

std::optional<MonotonicTime> ReferenceWalk::due() const {
  if (state_.state() != WalkState::State::waiting) return std::nullopt;
  return state_.due();
}

void ReferenceWalk::step(const FeedConfig& feed, MonotonicTime now) {
  const auto question = state_.step(now);
  if (!question) return;
  page_.emplace();
  asked_ = now;
  if (const Seconds held_s = ways_.held_for_s()) return end({0, "", held_s});
  fetch_.start(feed_request(feed, request_for(*question), ++number_), Lane::refresh);
}

void ReferenceWalk::end(const SyncReply& reply) {
  auto page = reply.status != 0 ? page_->finish() : std::nullopt;
  const bool counts = state_.on_answer(reply, page, monotonic_now());
  if (counts && !ways_.know(std::move(page->entries), asked_)) state_.stop();
  ways_.on_due_changed();
}

}  // namespace larder
