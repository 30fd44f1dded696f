// SPDX-License-Identifier: Apache-2.0
#include "conf/settings.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <set>

#include "conf/config_file.h"
#include "tests/conf/test_secrets.h"

using namespace larder;
using Catch::Matchers::ContainsSubstring;

namespace {

Config read(const std::string& toml) {
  ParsedConfig parsed = parse_config(toml, MapSecretSource{});
  INFO(toml);
  INFO(format_mistakes("F", parsed.mistakes));
  REQUIRE(parsed.mistakes.empty());
  return std::move(parsed.config);
}

ReloadPlan plan(const std::string& running, const std::string& again) {
  return plan_reload(Settings{read(running), 7}, read(again));
}

std::string told(const std::vector<ConfigChange>& changes) {
  std::string text;
  for (const ConfigChange& change : changes) text += change.key + " " + change.what + "\n";
  return text;
}

const std::string kListener = "[[listener]]\naddress = \"127.0.0.1:8080\"\n";
const std::string kStack = "[[stack]]\napi_key = \"blt1\"\nregion = \"na\"\n";
const std::string kScope =
    "[[stack.scope]]\nenvironment = \"live\"\nbranches = [\"main\"]\n"
    "delivery_tokens = [\"first-token\"]\npreview_tokens = [\"preview-token\"]\n";

struct Row {
  std::string key;
  Effect effect;
  std::string running, again;
  std::string told;  ///< with line breaks
};

/// A row for a key of a plain section, which the running configuration leaves at its default.
Row plain(const std::string& key, Effect effect, const std::string& value,
          const std::string& what) {
  const std::size_t dot = key.rfind('.');
  return {key, effect, "",
          "[" + key.substr(0, dot) + "]\n" + key.substr(dot + 1) + " = " + value + "\n",
          key + " " + what + "\n"};
}

constexpr Effect kNow = Effect::at_once;
constexpr Effect kLater = Effect::at_restart;

std::vector<Row> rows_of_sections() {
  return {
      plain("admin.socket", kLater, "\"/run/a.sock\"", "\"\" -> \"/run/a.sock\""),
      plain("admin.metrics", kLater, "[\"127.0.0.1:9\"]", "[] -> [127.0.0.1:9]"),
      plain("server.workers", kLater, "3", "0 -> 3"),
      plain("server.max_connections", kNow, "9", "0 -> 9"),
      plain("server.header_timeout", kNow, "\"1s\"", "5s -> 1s"),
      plain("server.idle_timeout", kNow, "\"1s\"", "15s -> 1s"),
      plain("server.write_timeout", kNow, "\"1s\"", "10s -> 1s"),
      plain("server.request_timeout", kNow, "\"1s\"", "30s -> 1s"),
      plain("server.drain_timeout", kNow, "\"1s\"", "10s -> 1s"),
      plain("server.max_target", kNow, "\"32KiB\"", "16KiB -> 32KiB"),
      plain("server.max_header", kNow, "\"32KiB\"", "16KiB -> 32KiB"),
      plain("server.max_requests_per_connection", kNow, "5", "10000 -> 5"),
      plain("server.max_output", kNow, "\"1MiB\"", "256MiB -> 1MiB"),
      plain("server.request_id", kNow, "false", "true -> false"),
      plain("server.instance_id", kLater, "\"a\"", "\"\" -> \"a\""),
      plain("cache.path", kLater, "\"/srv/c\"", "\"/var/cache/larder\" -> \"/srv/c\""),
      plain("cache.size", kLater, "\"2GiB\"", "1GiB -> 2GiB"),
      plain("cache.max_object", kLater, "\"1MiB\"", "0 -> 1MiB"),
      plain("cache.max_decoded", kNow, "\"1MiB\"", "32MiB -> 1MiB"),
      plain("cache.max_pending", kNow, "\"1MiB\"", "64MiB -> 1MiB"),
      plain("cache.commit_interval", kNow, "\"5ms\"", "50ms -> 5ms"),
      plain("cache.reader_hold", kLater, "\"1s\"", "5m -> 1s"),
      plain("cache.eviction", kLater, "\"fifo\"", "gdsf -> fifo"),
      plain("upstream.connect_timeout", kNow, "\"1s\"", "2s -> 1s"),
      plain("upstream.acknowledge_timeout", kNow, "\"2s\"", "1s -> 2s"),
      plain("upstream.idle_connection", kNow, "\"2s\"", "1m -> 2s"),
      plain("upstream.max_connection_age", kNow, "\"2s\"", "5m -> 2s"),
      plain("upstream.max_slow_relays_per_client", kNow, "4", "8 -> 4"),
      plain("upstream.first_byte_timeout", kNow, "\"1s\"", "20s -> 1s"),
      plain("upstream.total_timeout", kNow, "\"30s\"", "1m -> 30s"),
      plain("upstream.low_speed", kNow, "\"2KiB\"", "1KiB -> 2KiB"),
      plain("upstream.low_speed_time", kNow, "\"5s\"", "10s -> 5s"),
      plain("upstream.max_connections_per_host", kNow, "4", "32 -> 4"),
      plain("upstream.max_queue_per_host", kNow, "4", "256 -> 4"),
      plain("upstream.queue_wait", kNow, "\"2s\"", "1s -> 2s"),
      plain("upstream.requests_per_second", kNow, "80", "0 -> 80"),
      plain("upstream.request_burst", kNow, "20", "0 -> 20"),
      plain("upstream.failures_to_open", kNow, "4", "5 -> 4"),
      plain("upstream.silence_to_open", kNow, "\"4s\"", "3s -> 4s"),
      plain("upstream.stale_after", kNow, "\"2s\"", "1s -> 2s"),
      plain("upstream.max_hold", kNow, "\"30s\"", "1m -> 30s"),
      plain("upstream.max_waiters_per_fill", kNow, "4", "1000 -> 4"),
      plain("upstream.max_response_header", kNow, "\"8KiB\"", "64KiB -> 8KiB"),
      plain("upstream.max_response_body", kNow, "\"8MiB\"", "64MiB -> 8MiB"),
      plain("upstream.dns_cache", kNow, "\"5s\"", "1m -> 5s"),
      plain("upstream.allow_private_addresses", kNow, "true", "false -> true"),
      plain("upstream.allow_plain_http", kNow, "true", "false -> true"),
      plain("upstream.ca_file", kNow, "\"/ca.pem\"", "\"\" -> \"/ca.pem\""),
      plain("upstream.proxy.url", kNow, "\"http://p:1\"", "\"\" -> \"http://p:1\""),
      plain("upstream.rejected_hold", kNow, "\"1s\"", "5s -> 1s"),
      plain("upstream.hit_for_miss", kNow, "\"1s\"", "1m -> 1s"),
      plain("upstream.forward_headers", kNow, "[\"x-a\"]", "[] -> [\"x-a\"]"),
      plain("upstream.forward_headers_unkeyed", kNow, "[\"x-a\"]", "[] -> [\"x-a\"]"),
      plain("purge.fence", kNow, "false", "true -> false"),
      plain("purge.mode", kNow, "\"content_type\"", "exact -> content_type"),
      plain("purge.soft_for", kNow, "\"5s\"", "2s -> 5s"),
      plain("purge.unknown_for", kLater, "\"5s\"", "0s -> 5s"),
      plain("purge.warm", kNow, "50", "0 -> 50"),
      plain("purge.known_entries", kNow, "1000", "0 -> 1000"),
      plain("audit.per_minute", kNow, "6", "0 -> 6"),
      plain("preview.strict_token", kNow, "true", "false -> true"),
      plain("preview.allow_authorization", kNow, "true", "false -> true"),
      plain("open.max_scopes", kLater, "5", "1024 -> 5"),
      plain("open.miss_rate", kNow, "5", "100 -> 5"),
      plain("open.miss_burst", kNow, "5", "200 -> 5"),
      plain("admin.purge_tokens", kNow, "[\"a\"]", "1 added"),
      plain("admin.top", kLater, "9", "500 -> 9"),
      plain("admin.page", kNow, "true", "false -> true"),
      plain("purge.events", kNow, "5", "256 -> 5"),
      plain("bus.address", kLater, "\"h:6379\"", "\"\" -> \"h:6379\""),
      plain("bus.tls", kLater, "true", "false -> true"),
      plain("bus.stream", kLater, "\"s\"", "\"larder\" -> \"s\""),
      plain("bus.keep", kLater, "500", "100000 -> 500"),
      plain("webhook.path", kNow, "\"/w\"", "\"/webhooks/contentstack\" -> \"/w\""),
      plain("webhook.public_key_file", kNow, "\"/k.pem\"", "\"\" -> \"/k.pem\""),
      plain("webhook.public_key_url", kNow, "\"https://h/k\"", "\"\" -> \"https://h/k\""),
      plain("webhook.hmac_secrets", kNow, "[\"a\"]", "1 added"),
      plain("webhook.basic_auth", kNow, "\"a:b\"", "changed"),
      plain("webhook.allow_unverified", kNow, "true", "false -> true"),
      plain("webhook.max_body", kNow, "\"1MiB\"", "8MiB -> 1MiB"),
      plain("webhook.max_memory", kNow, "\"8MiB\"", "64MiB -> 8MiB"),
      plain("webhook.max_connections", kLater, "5", "64 -> 5"),
      plain("webhook.request_timeout", kNow, "\"1s\"", "10s -> 1s"),
      plain("webhook.window", kNow, "\"20m\"", "1h -> 20m"),
      plain("log.level", kNow, "\"debug\"", "info -> debug"),
      plain("log.access_log", kLater, "\"stderr\"", "\"\" -> \"stderr\""),
      plain("log.access_format", kLater, "\"combined\"", "json -> combined"),
      plain("log.access_sample", kNow, "0.25", "1 -> 0.25"),
      plain("log.access_sample", kNow, "\"1 in 100\"", "1 -> 0.01"),
      plain("log.access_sample", kNow, "0", "1 -> 0"),
      plain("log.buffer", kLater, "\"1MiB\"", "8MiB -> 1MiB"),
      plain("log.decisions", kLater, "5", "4096 -> 5"),
  };
}

void add_ttl_rows(std::vector<Row>& rows) {
  const Config defaults = default_config();
  for (const char* kind :
       {"entry", "list", "asset", "content_type", "taxonomy", "sync", "negative"}) {
    for (const char* key : {"fresh", "stale_while_revalidate", "stale_if_error"}) {
      Row row = plain(std::string("ttl.") + kind + "." + key, kNow, "\"77s\"", "");
      row.told.clear();  // the default differs from kind to kind
      rows.push_back(row);
    }
  }
}

void add_rows_of_lists(std::vector<Row>& rows) {
  const std::string hosts = "delivery = \"https://d.example\"\npreview = \"https://p.example\"\n";
  const std::string own = "[[stack]]\napi_key = \"blt1\"\n";
  const std::string secure = kListener + "tls = { certificate = \"/a.pem\", key = \"/a.key\" }\n";
  rows.insert(
      rows.end(),
      {
          {"listener.address", kLater, kListener, "[[listener]]\naddress = \"127.0.0.1:1\"\n",
           "listener 127.0.0.1:8080 removed\nlistener 127.0.0.1:1 added\n"},
          {"listener.role", kLater, kListener, kListener + "role = \"preview\"\n",
           "listener 127.0.0.1:8080.role delivery -> preview\n"},
          {"listener.tls.certificate", kLater, secure,
           kListener + "tls = { certificate = \"/b.pem\", key = \"/a.key\" }\n",
           "listener 127.0.0.1:8080.tls /a.pem removed\n"
           "listener 127.0.0.1:8080.tls /b.pem added\n"},
          {"listener.tls.key", kLater, secure,
           kListener + "tls = { certificate = \"/a.pem\", key = \"/b.key\" }\n",
           "listener 127.0.0.1:8080.tls /a.pem.key \"/a.key\" -> \"/b.key\"\n"},
          {"tls.handshake_timeout", kNow, "", "[tls]\nhandshake_timeout = \"77s\"\n", ""},
          {"tls.max_handshakes", kNow, "", "[tls]\nmax_handshakes = 7\n",
           "tls.max_handshakes 1000 -> 7\n"},
          {"tls.ticket_lifetime", kLater, "", "[tls]\nticket_lifetime = \"77s\"\n", ""},
          {"upstream.proxy.credentials", kNow,
           "[upstream.proxy]\nurl = \"http://p:1\"\ncredentials = \"some:first\"\n",
           "[upstream.proxy]\nurl = \"http://p:1\"\ncredentials = \"some:other\"\n",
           "upstream.proxy.credentials changed\n"},
          {"bus.ca_file", kLater, "[bus]\naddress = \"h:1\"\ntls = true\n",
           "[bus]\naddress = \"h:1\"\ntls = true\nca_file = \"/ca.pem\"\n",
           "bus.ca_file \"\" -> \"/ca.pem\"\n"},
          {"bus.username", kLater, "[bus]\naddress = \"h:1\"\npassword = \"one\"\n",
           "[bus]\naddress = \"h:1\"\npassword = \"one\"\nusername = \"u\"\n",
           "bus.username \"\" -> \"u\"\n"},
          {"bus.password", kLater, "[bus]\naddress = \"h:1\"\npassword = \"one\"\n",
           "[bus]\naddress = \"h:1\"\npassword = \"two\"\n", "bus.password changed\n"},
          {"webhook.listen", kLater, "[webhook]\nallow_unverified = true\n",
           "[webhook]\nallow_unverified = true\nlisten = [\"127.0.0.1:9\"]\n",
           "webhook.listen [] -> [127.0.0.1:9]\n"},
          {"webhook.secret_header", kNow,
           "[webhook]\nsecret_header = \"x-a\"\nsecret_header_values = [\"one\"]\n",
           "[webhook]\nsecret_header = \"x-b\"\nsecret_header_values = [\"one\"]\n",
           "webhook.secret_header \"x-a\" -> \"x-b\"\n"},
          {"webhook.secret_header_values", kNow,
           "[webhook]\nsecret_header = \"x-a\"\nsecret_header_values = [\"one\"]\n",
           "[webhook]\nsecret_header = \"x-a\"\nsecret_header_values = [\"two\"]\n",
           "webhook.secret_header_values 1 added, 1 removed\n"},
          {"open.region", kNow, "", "[open]\nregion = \"eu\"\n",
           "open.delivery https://cdn.contentstack.io -> https://eu-cdn.contentstack.com\n"
           "open.preview https://rest-preview.contentstack.com -> "
           "https://eu-rest-preview.contentstack.com\n"},
          {"open.delivery", kNow, "[open]\n" + hosts,
           "[open]\ndelivery = \"https://e.example\"\npreview = \"https://p.example\"\n",
           "open.delivery https://d.example -> https://e.example\n"},
          {"open.preview", kNow, "[open]\n" + hosts,
           "[open]\ndelivery = \"https://d.example\"\npreview = \"https://q.example\"\n",
           "open.preview https://p.example -> https://q.example\n"},
          {"stack.api_key", kNow, kStack + kScope,
           "[[stack]]\napi_key = \"blt2\"\nregion = \"na\"\n" + kScope,
           "stack blt1 removed\nstack blt2 added\n"},
          {"stack.region", kNow, own + hosts + kScope, own + "region = \"na\"\n" + kScope,
           "stack blt1.delivery https://d.example -> https://cdn.contentstack.io\n"
           "stack blt1.preview https://p.example -> https://rest-preview.contentstack.com\n"},
          {"stack.delivery", kNow, own + hosts + kScope,
           own + "delivery = \"https://e.example\"\npreview = \"https://p.example\"\n" + kScope,
           "stack blt1.delivery https://d.example -> https://e.example\n"},
          {"stack.preview", kNow, own + hosts + kScope,
           own + "delivery = \"https://d.example\"\npreview = \"https://q.example\"\n" + kScope,
           "stack blt1.preview https://p.example -> https://q.example\n"},
          {"stack.scope.environment", kNow, kStack + kScope,
           kStack + "[[stack.scope]]\nenvironment = \"test\"\nbranches = [\"main\"]\n"
                    "delivery_tokens = [\"first-token\"]\npreview_tokens = [\"preview-token\"]\n",
           "stack blt1.scope live removed\nstack blt1.scope test added\n"},
          {"stack.scope.branches", kNow, kStack + kScope,
           kStack + "[[stack.scope]]\nenvironment = \"live\"\nbranches = [\"dev\"]\n"
                    "delivery_tokens = [\"first-token\"]\npreview_tokens = [\"preview-token\"]\n",
           "stack blt1.scope live.branches [\"main\"] -> [\"dev\"]\n"},
          {"stack.scope.aliases", kNow, kStack + kScope, kStack + kScope + "aliases = [\"now\"]\n",
           "stack blt1.scope live.branches [\"main\"] -> [\"main\", \"now\"]\n"},
          {"stack.scope.delivery_tokens", kNow, kStack + kScope,
           kStack + "[[stack.scope]]\nenvironment = \"live\"\nbranches = [\"main\"]\n"
                    "delivery_tokens = [\"other-token\", \"third-token\"]\n"
                    "preview_tokens = [\"preview-token\"]\n",
           "stack blt1.scope live.delivery_tokens 2 added, 1 removed\n"},
          {"stack.scope.preview_tokens", kNow, kStack + kScope,
           kStack + "[[stack.scope]]\nenvironment = \"live\"\nbranches = [\"main\"]\n"
                    "delivery_tokens = [\"first-token\"]\n",
           "stack blt1.scope live.preview_tokens 1 removed\n"},
          {"stack.scope.sync", kNow, kStack + kScope, kStack + kScope + "sync = true\n",
           "stack blt1.scope live.sync false -> true\n"},
          {"stack.scope.sync_interval", kNow, kStack + kScope,
           kStack + kScope + "sync_interval = \"9s\"\n",
           "stack blt1.scope live.sync_interval 2s -> 9s\n"},
      });
}

std::vector<Row> all_rows() {
  std::vector<Row> rows = rows_of_sections();
  add_ttl_rows(rows);
  add_rows_of_lists(rows);
  return rows;
}

}  // namespace

TEST_CASE("settings: of every key it is known whether a change needs a restart", "[conf]") {
  const Row row = GENERATE(from_range(all_rows()));
  INFO(row.key);
  const Config again = read(row.again);
  const ReloadPlan reload = plan_reload(Settings{read(row.running), 7}, again);
  const bool at_once = row.effect == kNow;
  CHECK(reload.applied.empty() == !at_once);
  CHECK(reload.needs_restart.empty() == at_once);
  REQUIRE((reload.next != nullptr) == at_once);
  const auto& changes = at_once ? reload.applied : reload.needs_restart;
  if (row.told.empty()) {
    CHECK_THAT(told(changes), ContainsSubstring(row.key) && ContainsSubstring("-> 77s"));
  } else {
    CHECK(told(changes) == row.told);
  }
  if (!at_once) return;
  CHECK(reload.next->generation == 8);
  const ReloadPlan once_more = plan_reload(*reload.next, again);
  CHECK(once_more.next == nullptr);
  CHECK(told(once_more.needs_restart).empty());
}

TEST_CASE("settings: the table of the test above has every key", "[conf]") {
  std::set<std::string> tested;
  for (const Row& row : all_rows()) tested.insert(row.key);
  const auto keys = config_keys();
  CHECK(tested == std::set<std::string>(keys.begin(), keys.end()));
}

TEST_CASE("settings: an equal configuration makes no new generation", "[conf]") {
  const std::string toml = GENERATE(std::string(), kStack + kScope, kListener);
  const ReloadPlan reload = plan(toml, toml);
  CHECK(reload.next == nullptr);
  CHECK(reload.applied.empty());
  CHECK(reload.needs_restart.empty());
}

TEST_CASE("settings: what needs a restart keeps its value beside what is applied", "[conf]") {
  const ReloadPlan reload =
      plan("", "[server]\nworkers = 3\nidle_timeout = \"1s\"\n[cache]\nsize = \"2GiB\"\n");
  REQUIRE(reload.next != nullptr);
  CHECK(reload.next->config.server.idle_timeout_ms == 1'000);
  CHECK(reload.next->config.server.workers == 0);
  CHECK(reload.next->config.cache.size == Bytes{1} << 30);
  CHECK(told(reload.applied) == "server.idle_timeout 15s -> 1s\n");
  CHECK(told(reload.needs_restart) == "server.workers 0 -> 3\ncache.size 1GiB -> 2GiB\n");
}

TEST_CASE("settings: whether larder is open changes at a restart only", "[conf]") {
  const std::string stacks = kStack + kScope;
  const std::string more = "[ttl.entry]\nfresh = \"5s\"\n";
  const auto [running, again] = GENERATE_COPY(table<std::string, std::string>(
      {{"[open]\nregion = \"eu\"\n", stacks + more}, {stacks, more}}));
  const Config before = read(running);
  const ReloadPlan reload = plan(running, again);
  REQUIRE(reload.next != nullptr);
  CHECK(told(reload.applied) == "ttl.entry.fresh 1m -> 5s\n");
  REQUIRE(reload.needs_restart.size() == 1);
  CHECK(reload.needs_restart[0].key == "stack");
  CHECK(reload.next->config.open_mode() == before.open_mode());
  CHECK(reload.next->config.open == before.open);
}

TEST_CASE("settings: no change of tokens shows one", "[conf]") {
  const auto scope = [](const std::string& tokens) {
    return kStack + "[[stack.scope]]\nenvironment = \"live\"\ndelivery_tokens = [" + tokens + "]\n";
  };
  const auto [tokens, what] = GENERATE(table<const char*, const char*>({
      {R"("one-token", "two-token", "new-token")", "1 added"},
      {R"("one-token")", "1 removed"},
      {R"("one-token", "new-token")", "1 added, 1 removed"},
      {R"("two-token", "one-token")", "in another order"},
  }));
  const ReloadPlan reload = plan(scope(R"("one-token", "two-token")"), scope(tokens));
  CHECK(told(reload.applied) ==
        std::string("stack blt1.scope live.delivery_tokens ") + what + "\n");
  REQUIRE(reload.next != nullptr);
  const auto& now = reload.next->config.stacks[0].scopes[0].delivery_tokens;
  const Config wanted = read(scope(tokens));
  const auto& expected = wanted.stacks[0].scopes[0].delivery_tokens;
  CHECK(std::equal(now.begin(), now.end(), expected.begin(), expected.end(),
                   [](const Secret& a, const Secret& b) { return a.equals(b.reveal()); }));
}

TEST_CASE("settings: sections of one name are compared in their order", "[conf]") {
  const auto scope = [](const std::string& branch, const std::string& token) {
    return "[[stack.scope]]\nenvironment = \"live\"\nbranches = [\"" + branch +
           "\"]\ndelivery_tokens = [\"" + token + "\"]\n";
  };
  const std::string running = kStack + scope("main", "token-a") + scope("dev", "token-b");
  CHECK(told(plan(running, kStack + scope("main", "token-a")).applied) ==
        "stack blt1.scope live removed\n");
  CHECK(told(plan(running, kStack + scope("main", "token-a") + scope("dev", "token-c")).applied) ==
        "stack blt1.scope live.delivery_tokens 1 added, 1 removed\n");
  const std::string other = "[[stack]]\napi_key = \"blt2\"\nregion = \"eu\"\n" + kScope;
  const ReloadPlan turned = plan(kStack + kScope + other, other + kStack + kScope);
  CHECK(told(turned.applied) == "stack in another order\n");
  REQUIRE(turned.next != nullptr);
  CHECK(turned.next->config.stacks[0].api_key == "blt2");
}
