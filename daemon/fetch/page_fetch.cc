// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/page_fetch.h"

#include <utility>

namespace larder {

void PageFetch::start(OriginRequest request, Lane lane) {
  status_ = 0;
  retry_after_s_ = 0;
  const auto started = transfers_.start(std::move(request), this, lane);
  if (!started) return end_({0, started.error().context, started.error().retry_after_s});
  transfer_ = *started;
}

void PageFetch::abandon() {
  if (transfer_ != nullptr) transfers_.abandon(std::exchange(transfer_, nullptr));
}

void PageFetch::on_progress(TransferProgress progress) {
  if (progress.head != nullptr) {
    status_ = progress.head->status;
    retry_after_s_ = progress.head->retry_after_s.value_or(0);
  }
  body_(progress.body);
  if (!progress.ended) return;
  transfer_ = nullptr;  // the loop ends it after this call
  if (progress.error) {
    const Seconds retry_s = progress.error->retry_after_s;
    return end_({0, std::move(progress.error->context), retry_s});
  }
  if (!progress.framed) return end_({0, "the origin's answer has no proven end", 0});
  end_({status_, "", retry_after_s_});
}

}  // namespace larder
