// SPDX-License-Identifier: Apache-2.0
#include "cache/request/kind.h"

#include <array>

namespace larder {

const char* name_of(Kind kind) {
  constexpr std::array<const char*, kKinds> kNames = {"entry",        "list",     "asset",
                                                      "content_type", "taxonomy", "sync"};
  return kNames[static_cast<std::size_t>(kind)];
}

const TtlPolicy& policy_for(const TtlConfig& config, Kind kind, int status) {
  if (status == 404 || status == 422) return config.negative;
  switch (kind) {
    case Kind::entry:
      return config.entry;
    case Kind::list:
      return config.list;
    case Kind::asset:
      return config.asset;
    case Kind::content_type:
      return config.content_type;
    case Kind::taxonomy:
      return config.taxonomy;
    case Kind::sync:
      return config.sync;
  }
  return config.list;
}

}  // namespace larder
