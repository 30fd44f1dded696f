// SPDX-License-Identifier: Apache-2.0
#include "conf/base/log_health.h"

#include <system_error>

namespace larder {
namespace {

std::string text_of(int error) {
  return std::error_code(error, std::generic_category()).message();
}

}  // namespace

void LogHealth::end_write(const LineOutput::Outcome& outcome) {
  writing_since_ms_.store(0);
  error_.store(outcome.error);
  if (outcome.lost == 0) return;
  cause_.store(outcome.error);
  lost_.fetch_add(outcome.lost, std::memory_order_relaxed);
}

void LogHealth::add_unbuffered(std::uint64_t lines) {
  cause_.store(0);
  lost_.fetch_add(lines, std::memory_order_relaxed);
}

std::string LogHealth::trouble(MonotonicTime now) const {
  const std::int64_t since = writing_since_ms_.load();
  if (since != 0 && now.ms - since >= kSlowMs) {
    return "what is written is not taken: nobody reads, or the disk does not answer";
  }
  const int error = error_.load();
  return error == 0 ? "" : text_of(error);
}

std::string LogHealth::cause() const {
  const int error = cause_.load();
  return error == 0 ? "more came than could be written (log.buffer)" : text_of(error);
}

}  // namespace larder
