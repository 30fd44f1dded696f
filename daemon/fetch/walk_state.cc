// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/walk_state.h"

#include <algorithm>

#include "conf/base/check.h"

namespace larder {
namespace {

constexpr bool kLegalMoves[3][3] = {
    // to resting, waiting, asking
    {false, true, false},
    {true, false, true},
    {true, true, false},
};

}  // namespace

void WalkState::move_to(State next) {
  LARDER_CHECK(kLegalMoves[static_cast<std::size_t>(state_)][static_cast<std::size_t>(next)]);
  state_ = next;
}

void WalkState::wait(Milliseconds pause_ms, MonotonicTime now) {
  move_to(State::waiting);
  due_ = {now.ms + pause_ms};
}

void WalkState::want(const std::string& content_type, MonotonicTime now) {
  const bool all = content_type.empty() || wanted_.size() >= kMostWanted;
  if (all) wanted_.clear();
  wanted_.insert(all ? "" : content_type);
  const bool begins_anew = all || *wanted_.begin() == content_type || wanted_.begin()->empty();
  if (begins_anew) {
    token_.clear();
    overtaken_ = state_ == State::asking;
  }
  if (state_ == State::resting) wait(0, now);
}

void WalkState::stop() {
  wanted_.clear();
  token_.clear();
  overtaken_ = true;
  if (state_ == State::waiting) move_to(State::resting);
}

std::optional<WalkQuestion> WalkState::step(MonotonicTime now) {
  if (state_ != State::waiting || now < due_) return std::nullopt;
  move_to(State::asking);
  overtaken_ = false;
  return WalkQuestion{*wanted_.begin(), token_};
}

/// A token that is refused may be forgotten: the walk begins anew.
void WalkState::fail(const SyncReply& reply, MonotonicTime now) {
  const Milliseconds pause_ms = kFirstPauseMs << std::min(failures_++, 7u);
  token_.clear();
  wait(std::max(std::min(pause_ms, kMaxPauseMs), Milliseconds{reply.retry_after_s} * 1'000), now);
}

bool WalkState::on_answer(const SyncReply& reply, const std::optional<SyncPage>& page,
                          MonotonicTime now) {
  if (wanted_.empty()) {
    move_to(State::resting);
    return false;
  }
  const bool sound = reply.status == 200 && page && page->error_code == 0 &&
                     !(page->pagination_token.empty() && page->sync_token.empty());
  if (!sound) {
    fail(reply, now);
    return false;
  }
  failures_ = 0;
  if (overtaken_) {
    wait(kPagePauseMs, now);
    return false;
  }
  token_ = page->pagination_token;
  if (token_.empty()) wanted_.erase(wanted_.begin());
  if (wanted_.empty()) {
    move_to(State::resting);
  } else {
    wait(kPagePauseMs, now);
  }
  return true;
}

}  // namespace larder
