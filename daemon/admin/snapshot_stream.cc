// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/snapshot_stream.h"

#include <utility>

#include "cache/http/response.h"
#include "daemon/admin/admin_text.h"

namespace larder {

bool SnapshotStream::take(std::string& piece, std::chrono::milliseconds wait) {
  {
    std::unique_lock lock(mutex_);
    const auto may_go_on = [this] { return pieces_.size() < kMost || !refusal_.empty(); };
    if (!room_.wait_for(lock, wait, may_go_on) || !refusal_.empty()) return false;
    pieces_.push_back(std::move(piece));
  }
  wake_();
  return true;
}

std::string SnapshotStream::refusal() const {
  const std::lock_guard lock(mutex_);
  return refusal_;
}

void SnapshotStream::finish(std::string rest, Result<SnapshotTotals> result) {
  {
    const std::lock_guard lock(mutex_);
    if (!result) error_ = result.error();
    pieces_.push_back(std::move(rest));
    finished_ = true;
  }
  wake_();
}

std::optional<std::string> SnapshotStream::next() {
  const std::lock_guard lock(mutex_);
  if (error_ && !begun_) {
    pieces_.clear();
    begun_ = true;
    return admin_error(503, "no snapshot was taken: " + error_->context);
  }
  if (pieces_.empty()) return std::nullopt;
  std::string piece = std::move(pieces_.front());
  pieces_.pop_front();
  room_.notify_one();
  if (std::exchange(begun_, true)) return piece;
  return with_head(piece);
}

/// How long it will be nobody knows: its own end says that it is whole.
std::string SnapshotStream::with_head(const std::string& piece) {
  std::string head(status_line(200));
  head.append("Content-Type: application/octet-stream\r\nCache-Control: no-store");
  head.append("\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n");
  return head.append(piece);
}

bool SnapshotStream::is_over() const {
  const std::lock_guard lock(mutex_);
  return finished_ && pieces_.empty();
}

void SnapshotStream::refuse(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (refusal_.empty()) refusal_ = why;
  room_.notify_one();
}

}  // namespace larder
