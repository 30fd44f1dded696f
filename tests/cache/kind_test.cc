// SPDX-License-Identifier: Apache-2.0
#include "cache/request/kind.h"

#include <catch2/catch_test_macros.hpp>

using namespace larder;

TEST_CASE("kind: the policy of a kind, and the negative one", "[cache]") {
  const TtlConfig config;
  CHECK(&policy_for(config, Kind::entry, 200) == &config.entry);
  CHECK(&policy_for(config, Kind::list, 200) == &config.list);
  CHECK(&policy_for(config, Kind::asset, 200) == &config.asset);
  CHECK(&policy_for(config, Kind::content_type, 200) == &config.content_type);
  CHECK(&policy_for(config, Kind::taxonomy, 200) == &config.taxonomy);
  CHECK(&policy_for(config, Kind::sync, 200) == &config.sync);
  CHECK(&policy_for(config, Kind::entry, 404) == &config.negative);
  CHECK(&policy_for(config, Kind::sync, 422) == &config.negative);
}
