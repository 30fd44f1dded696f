// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/purge_intake.h"

#include <utility>

namespace larder {

bool PurgeIntake::take(PurgeCommand& command, const PurgeConfig& config, WallTime now) {
  PurgeOrder& order = command.order;
  published_.note(order, now);
  // Without the fence, what a lagging CDN brought back meanwhile is purged by the repetition.
  if (!order.dry_run && config.fence && take_out_repeated(command)) return true;
  if (config.mode == PurgeConfig::Mode::content_type) add_content_types(order.changes);
  if (!order.dry_run) return false;
  store_.purge(std::move(order), std::move(command.done));
  return true;
}

/// True = nothing is left of it, and it is seen to.
bool PurgeIntake::take_out_repeated(PurgeCommand& command) {
  PurgeOrder& order = command.order;
  const std::size_t repeated = applied_->take_out(order);
  log_.note_repeated(order.source, repeated);
  if (repeated > 0 && order.changes.empty()) {
    finish_repeated(command);
    return true;
  }
  AppliedEvents::Marks marks = AppliedEvents::marks_of(order);
  if (marks.empty()) return false;
  command.done = [applied = applied_, marks = std::move(marks),
                  done = std::move(command.done)](PurgeResult result) {
    if (!result.error) applied->remember(marks);
    done(std::move(result));
  };
  return false;
}

void PurgeIntake::finish_repeated(PurgeCommand& command) {
  const auto tell = [done = std::move(command.done)](PurgeResult result) {
    result.repeated = true;
    done(std::move(result));
  };
  if (!command.order.position) return tell({});
  store_.purge(purge_of_nothing(*std::move(command.order.position)), tell);
}

}  // namespace larder
