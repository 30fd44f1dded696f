// SPDX-License-Identifier: Apache-2.0
#include "conf/settings.h"

#include <string>
#include <utility>

#include "conf/config_table.h"

namespace larder {
namespace {

/// The store's bounds are made for one of both modes; and nobody should open a running larder to
/// everybody, or close it, by a file that was half written.
void keep_mode(const Config& running, Config& read, ConfigChanges& changes) {
  if (running.open_mode() == read.open_mode()) return;
  changes.at_restart.push_back({"stack", running.open_mode()
                                             ? "open to any stack -> only to those that are listed"
                                             : "none is listed any more -> open to any stack"});
  read.stacks = running.stacks;
  read.open = running.open;
}

}  // namespace

ReloadPlan plan_reload(const Settings& running, Config read) {
  ConfigChanges changes;
  keep_mode(running.config, read, changes);
  Config next = running.config;
  adopt_changes(config_table(), read, next, "", changes);
  ReloadPlan plan;
  if (!changes.at_once.empty()) {
    plan.next = std::make_shared<const Settings>(Settings{std::move(next), running.generation + 1});
  }
  plan.applied = std::move(changes.at_once);
  plan.needs_restart = std::move(changes.at_restart);
  return plan;
}

}  // namespace larder
