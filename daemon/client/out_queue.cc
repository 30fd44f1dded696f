// SPDX-License-Identifier: Apache-2.0
#include "daemon/client/out_queue.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "conf/base/check.h"

namespace larder {
namespace {

/// Answers of a pipeline that go out in one call.
constexpr std::size_t kGatherBytes = 16 * 1024;

/// What is left of pieces of which so many bytes are gone.
template <std::size_t count>
std::string copy_rest(const std::array<std::string_view, count>& pieces, std::size_t gone) {
  std::string rest;
  for (const auto piece : pieces) {
    rest.append(piece.substr(std::min(gone, piece.size())));
    gone -= std::min(gone, piece.size());
  }
  return rest;
}

}  // namespace

bool OutQueue::send(std::string_view head, std::string_view body, bool gather) {
  std::string& gathered = host_.gathered();
  if (state_ == State::ended) {
    gathered.clear();
    return false;
  }
  LARDER_CHECK(is_idle());
  const auto total = gathered.size() + head.size() + body.size();
  if (gather && total <= kGatherBytes) {
    gathered.append(head).append(body);
    return true;
  }
  const std::array<std::string_view, 3> pieces{gathered, head, body};
  const auto taken = transport_.try_write(pieces);
  if (taken) count_sent(*taken);
  if (taken && *taken == total) {
    gathered.clear();
    return true;
  }
  const bool room = taken && host_.make_output_room(total - *taken);
  if (room) queue_.push_back({.owner = copy_rest(pieces, *taken)});
  gathered.clear();
  return room && flush();
}

bool OutQueue::flush() {
  if (state_ == State::ended) return false;
  if (state_ == State::writing || queue_.empty()) return true;
  std::array<std::string_view, 16> views;
  std::size_t count = 0;
  while (count < views.size() && count < queue_.size()) {
    views[count] = queue_[count].rest();
    ++count;
  }
  const auto taken = transport_.try_write({views.data(), count});
  if (!taken) return false;
  count_sent(*taken);
  drop_front(*taken, count);
  return queue_.empty() || write_rest();
}

/// Takes `bytes` off the first `looked_at` pieces, which have at least as many.
void OutQueue::drop_front(std::size_t bytes, std::size_t looked_at) {
  std::size_t whole = 0;
  while (whole < looked_at && bytes >= queue_[whole].rest().size()) {
    bytes -= queue_[whole++].rest().size();
  }
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(whole));
  if (!queue_.empty()) queue_.front().offset += bytes;
}

bool OutQueue::write_rest() {
  for (auto& piece : queue_) {
    if (auto* text = std::get_if<std::string>(&piece.owner)) {
      piece.owner = host_.hold_output(std::move(*text));
    }
  }
  state_ = State::writing;
  deadline_ = {host_.now().ms + host_.server().write_timeout_ms};
  transport_.write(std::exchange(queue_, {}));
  if (state_ == State::ended) return false;
  last_unsent_ = transport_.unsent();
  kernel_bytes_ = host_.charge_output(transport_.kernel_bytes());
  return hold_back();
}

bool OutQueue::hold_back() {
  if (place_ == 0) place_ = host_.begin_waiting(holder_);
  host_.make_output_room(0);
  return state_ != State::ended;
}

void OutQueue::on_written(std::size_t bytes) {
  if (state_ == State::writing) state_ = State::ready;
  stop_waiting();
  count_sent(bytes);
}

void OutQueue::count_sent(std::size_t bytes) {
  sent_ += bytes;
  host_.turn().spend(bytes);
  host_.counters().bytes_sent.add(bytes);
}

void OutQueue::stop_waiting() {
  if (place_ != 0) host_.end_waiting(place_);
  place_ = 0;
  kernel_bytes_.end();
}

bool OutQueue::puts_off() {
  if (!host_.turn().is_spent()) return false;
  if (turn_place_ == 0) turn_place_ = host_.turn().enter(holder_);
  return true;
}

bool OutQueue::is_stuck(MonotonicTime now) {
  if (state_ != State::writing || now < deadline_) return false;
  if (!progressed()) return true;
  deadline_ = {now.ms + host_.server().write_timeout_ms};
  return false;
}

/// At least 1 KiB/s since the last look.
bool OutQueue::progressed() {
  const auto unsent = transport_.unsent();
  const auto least = static_cast<std::size_t>(host_.server().write_timeout_ms);  // bytes: 1 per ms
  const bool moved =
      last_unsent_ > unsent && last_unsent_ - unsent >= std::min(least, last_unsent_);
  last_unsent_ = unsent;
  return moved;
}

std::size_t OutQueue::sole_bytes() const {
  std::size_t bytes = transport_.sole_bytes();
  for (const auto& piece : queue_) bytes += piece.sole_bytes();
  return bytes;
}

void OutQueue::end() {
  state_ = State::ended;
  stop_waiting();
  if (turn_place_ != 0) host_.turn().leave(std::exchange(turn_place_, 0));
}

}  // namespace larder
