// SPDX-License-Identifier: Apache-2.0
#include "upstream/host_health.h"

#include "conf/base/redact.h"

namespace larder {

void HostHealth::note_end(const std::optional<OriginError>& error, int status, MonotonicTime now) {
  if (error && !is_failure_of_host(error->cause)) return;
  if (error) return note_failure(error->context, now);
  if (status >= 500) return note_failure("answered with status " + std::to_string(status), now);
  note_success(now);
}

void HostHealth::note_success(MonotonicTime now) {
  ++successes_;
  if (consecutive_failures_ > 0) since_ = now;
  consecutive_failures_ = 0;
}

void HostHealth::note_failure(std::string text, MonotonicTime now) {
  ++failures_;
  if (consecutive_failures_++ == 0) since_ = now;
  text = redact(text);
  if (text.size() > kMaxErrorBytes) text.resize(kMaxErrorBytes);
  last_error_ = LastError{std::move(text), now};
}

}  // namespace larder
