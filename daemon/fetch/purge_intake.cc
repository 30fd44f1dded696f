// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/purge_intake.h"

#include <utility>

namespace larder {

bool PurgeIntake::take(PurgeCommand& command, const PurgeConfig& config) {
  PurgeOrder& order = command.order;
  if (!order.dry_run) {
    const std::size_t repeated = applied_.take_out(order);
    log_.note_repeated(order.source, repeated);
    if (repeated > 0 && order.changes.empty()) {
      finish_repeated(command);
      return true;
    }
    AppliedEvents::Marks marks = AppliedEvents::marks_of(order);
    if (!marks.empty()) {
      command.done = [this, marks = std::move(marks),
                      done = std::move(command.done)](PurgeResult result) {
        if (!result.error) applied_.remember(marks);
        done(std::move(result));
      };
    }
  }
  if (config.mode == PurgeConfig::Mode::content_type) add_content_types(order.changes);
  if (!order.dry_run) return false;
  store_.purge(std::move(order), std::move(command.done));
  return true;
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
