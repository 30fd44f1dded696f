// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "daemon/fetch/sync_state.h"
#include "upstream/transfers.h"

namespace larder {

/// One question after the other to an origin, whose answers are read piece by piece. On the fetch
/// thread.
class PageFetch final : private TransferSink {
 public:
  using Body = std::function<void(std::string_view)>;
  /// The answer is over, or none came. May start the next one.
  using End = std::function<void(const SyncReply&)>;

  PageFetch(Transfers& transfers, Body body, End end)
      : transfers_(transfers), body_(std::move(body)), end_(std::move(end)) {}
  ~PageFetch() override { abandon(); }
  PageFetch(const PageFetch&) = delete;
  PageFetch& operator=(const PageFetch&) = delete;

  /// None is under way. `end` may be called before this returns.
  void start(OriginRequest request, Lane lane);
  /// Nothing more comes of it.
  void abandon();

 private:
  void on_progress(TransferProgress progress) override;

  Transfers& transfers_;
  const Body body_;
  const End end_;
  Transfer* transfer_ = nullptr;
  int status_ = 0;
  std::int64_t retry_after_s_ = 0;
};

}  // namespace larder
