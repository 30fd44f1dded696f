// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "cache/store/snapshot.h"

namespace larder {

/// A snapshot on its way from its thread to the one connection that asked for it. Holds kMost
/// pieces, and the thread waits with the next one.
class SnapshotStream final : public SnapshotSink {
 public:
  static constexpr std::size_t kMost = 4;

  /// `wake`: there is something to send, or nothing more. Any thread, without a lock.
  explicit SnapshotStream(std::function<void()> wake) : wake_(std::move(wake)) {}

  bool take(std::string& piece, std::chrono::milliseconds wait) override;
  std::string refusal() const override;
  void finish(std::string rest, Result<SnapshotTotals> result) override;

  // The loop's side.
  /// The next bytes of the answer, head included; nothing = none now. A snapshot that fails before
  /// anything of it was sent is an error of HTTP.
  std::optional<std::string> next();
  /// All of it was given out.
  bool is_over() const;
  /// The thread is to end; nothing of it will be sent when `why` is that nobody reads.
  void refuse(const std::string& why);

 private:
  std::string with_head(const std::string& piece);

  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::deque<std::string> pieces_;
  std::string refusal_;
  std::optional<Error> error_;
  bool begun_ = false;  ///< something was given out
  bool finished_ = false;
};

}  // namespace larder
