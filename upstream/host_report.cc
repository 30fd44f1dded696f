// SPDX-License-Identifier: Apache-2.0
#include "upstream/host_report.h"

namespace larder {

std::optional<std::string> HostReport::on_failure(const std::string& host, const OriginError& error,
                                                  const HostHealth& health, MonotonicTime now) {
  if (told_at_ && now.ms - told_at_->ms < kPauseMs) return std::nullopt;
  told_at_ = now;
  told_ = true;
  std::string text = "origin " + host;
  const std::string_view said = error.context;
  text += said.starts_with(text) ? std::string(said.substr(text.size())) : ": " + error.context;
  const auto remedy = remedy_for(error.cause);
  if (!remedy.empty()) text.append(" (").append(remedy).append(")");
  if (health.consecutive_failures() > 1) {
    text += "; failure " + std::to_string(health.consecutive_failures()) + " in a row, over " +
            std::to_string((now.ms - health.since().ms) / 1'000) + " s";
  }
  if (health.state() != HostHealth::State::closed) {
    text += "; only probes ask it until it answers";
  }
  return text;
}

std::optional<std::string> HostReport::on_recovery(const std::string& host, Milliseconds after_ms,
                                                   std::uint64_t failures) {
  if (!told_) return std::nullopt;
  told_ = false;
  return "origin " + host + " answers again after " + std::to_string(after_ms / 1'000) + " s, " +
         std::to_string(failures) + (failures == 1 ? " failure" : " failures");
}

}  // namespace larder
