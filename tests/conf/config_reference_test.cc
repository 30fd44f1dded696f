// SPDX-License-Identifier: Apache-2.0
#include "conf/config_reference.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <set>
#include <string>

using namespace larder;

namespace {

KeyFacts facts_of(const std::string& path) {
  for (const KeyFacts& key : config_reference()) {
    if (key.path == path) return key;
  }
  FAIL("no key " << path);
  return {};
}

}  // namespace

TEST_CASE("config reference: bounds, defaults and effects are those of the table", "[conf]") {
  const KeyFacts expected = GENERATE(values<KeyFacts>({
      {"server.workers", "a whole number, 0 to 256", "0", Effect::at_restart},
      {"server.drain_timeout", "a duration, 0s to 1h", "10s", Effect::at_once},
      {"cache.size", "a size, 1MiB to 16TiB", "1GiB", Effect::at_restart},
      {"cache.eviction", "\"gdsf\" or \"fifo\"", "gdsf", Effect::at_restart},
      {"ttl.entry.fresh", "a duration, 0s to 365d", "1m", Effect::at_once},
      {"ttl.list.fresh", "a duration, 0s to 365d", "30s", Effect::at_once},
      {"purge.fence", "true or false", "true", Effect::at_once},
      {"cache.path", "an absolute path", "\"/var/cache/larder\"", Effect::at_restart},
      {"admin.metrics", "a list; each IP:PORT, [IPv6]:PORT or unix:/PATH", "[]",
       Effect::at_restart},
      {"stack.scope.delivery_tokens", "a list; each a secret", "[]", Effect::at_once},
      {"upstream.proxy.credentials", "a secret, or \"\" for none", "\"\"", Effect::at_once},
      {"stack.delivery", "a base URL without a path", "", Effect::at_once},
  }));
  CAPTURE(expected.path);
  const KeyFacts found = facts_of(expected.path);
  CHECK(found.allowed == expected.allowed);
  CHECK(found.initial == expected.initial);
  CHECK(found.effect == expected.effect);
}

TEST_CASE("config reference: every key is there once, and says what it may be", "[conf]") {
  std::set<std::string> paths;
  for (const KeyFacts& key : config_reference()) {
    CAPTURE(key.path);
    CHECK(paths.insert(key.path).second);
    CHECK_FALSE(key.allowed.empty());
  }
  CHECK(paths.size() > 100);
  CHECK(paths.contains("stack.scope.aliases"));
  CHECK(paths.contains("open.region"));
}

TEST_CASE("config reference: as text it is one line of four fields for each key", "[conf]") {
  const std::string text = config_reference_text();
  const auto lines = std::count(text.begin(), text.end(), '\n');
  CHECK(lines == static_cast<std::ptrdiff_t>(config_reference().size()));
  CHECK(std::count(text.begin(), text.end(), '\t') == 3 * lines);
  CHECK(text.find("\nserver.workers\ta whole number, 0 to 256\t0\trestart\n") != std::string::npos);
}
