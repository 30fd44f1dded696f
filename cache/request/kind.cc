// SPDX-License-Identifier: Apache-2.0
#include "cache/request/kind.h"

namespace larder {

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
