// SPDX-License-Identifier: Apache-2.0
#include "conf/base/loss_report.h"

namespace larder {

std::optional<std::string> LossReport::note(std::string_view what, std::uint64_t lost,
                                            std::string_view cause, std::string_view trouble,
                                            MonotonicTime now) {
  const bool works = trouble.empty();
  if (said_ && now.ms - said_->ms < kPauseMs) return std::nullopt;
  if (lost == told_ && !(in_trouble_ && works)) return std::nullopt;
  std::string text = std::to_string(lost - told_) + " " + std::string(what) + " are lost";
  if (lost != told_) text += ": " + std::string(cause);
  if (lost != told_ && told_ != 0) text += " (" + std::to_string(lost) + " since the start)";
  if (lost == told_) text = "no more " + std::string(what) + " are lost";
  if (in_trouble_ && works) text += "; it is written again";
  told_ = lost;
  in_trouble_ = !works;
  said_ = now;
  return text;
}

}  // namespace larder
