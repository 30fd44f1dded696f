// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/clean_targets.h"

#include <functional>

#include "conf/base/redact.h"

namespace larder {

std::string_view CleanTargets::shown(std::string_view target, std::string& room) {
  const std::uint64_t redactor = redactor_number();
  if (redactor != redactor_ || places_.empty()) {
    places_.assign(kPlaces, std::string());
    redactor_ = redactor;
  }
  std::string& place = places_[std::hash<std::string_view>()(target) % kPlaces];
  if (place == target) return target;
  room = redact(target);
  if (room == target) place = target;
  return room;
}

}  // namespace larder
