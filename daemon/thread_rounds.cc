// SPDX-License-Identifier: Apache-2.0
#include "daemon/thread_rounds.h"

#include <utility>

#include "conf/base/check.h"

namespace larder {

ThreadRounds::ThreadRounds(std::vector<std::string> names, MonotonicTime now)
    : names_(std::move(names)), before_(names_.size(), 0), late_(names_), began_(now) {}

bool ThreadRounds::look(MonotonicTime now, std::span<const Sight> seen) {
  LARDER_CHECK(seen.size() == names_.size());
  late_.clear();
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (!seen[i].ended && seen[i].steps == before_[i]) late_.push_back(names_[i]);
  }
  if (!late_.empty()) return false;
  for (std::size_t i = 0; i < seen.size(); ++i) before_[i] = seen[i].steps;
  began_ = now;
  return true;
}

}  // namespace larder
