// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/clean_targets.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "conf/base/redact.h"

using namespace larder;

TEST_CASE("clean targets: what is shown is what redact() leaves, the first time and later") {
  CleanTargets targets;
  std::string room;
  for (int round = 0; round < 3; ++round) {
    for (int number = 0; number < 3'000; ++number) {
      std::string target = "/v3/assets?limit=" + std::to_string(number);
      if (number % 3 == 0) target += "&access_token=abc" + std::to_string(number);
      CHECK(targets.shown(target, room) == redact(target));
    }
  }
}

TEST_CASE("clean targets: a secret that comes later shows no more") {
  CleanTargets targets;
  std::string room;
  const std::string target = "/v3/assets/zq3-password-of-later";
  CHECK(targets.shown(target, room) == target);
  CHECK(targets.shown(target, room) == target);
  Redactor redactor;
  redactor.add(Secret("zq3-password-of-later"));
  install_redactor(std::move(redactor));
  CHECK(targets.shown(target, room) == "/v3/assets/[redacted]");
  CHECK(targets.shown(target, room) == "/v3/assets/[redacted]");
}
