// SPDX-License-Identifier: Apache-2.0
#include "conf/config_file.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "tests/conf/test_secrets.h"

using namespace larder;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Equals;

namespace {

ParsedConfig parse(std::string_view toml) {
  return parse_config(toml, MapSecretSource{});
}

std::string mistakes_of(std::string_view toml) {
  return format_mistakes("F", parse(toml).mistakes);
}

/// A stack that is right, with more lines for its section and for its scope.
std::string stack_with(const std::string& stack_lines, const std::string& scope_lines = "") {
  return "[[stack]]\napi_key = \"blt1\"\n" + stack_lines +
         "\n[[stack.scope]]\nenvironment = \"production\"\n"
         "delivery_tokens = [\"token-one\"]\n" +
         scope_lines + "\n";
}

}  // namespace

TEST_CASE("config: an empty file gives every default and open mode", "[conf]") {
  const ParsedConfig parsed = parse("");
  CHECK(parsed.mistakes.empty());
  const Config& config = parsed.config;
  REQUIRE(config.listeners.size() == 1);
  CHECK(config.listeners[0].address ==
        ListenAddress{ListenAddress::Family::tcp, "127.0.0.1", 8080});
  CHECK(config.listeners[0].role == ListenerConfig::Role::delivery);
  CHECK(config.server == ServerConfig{});
  CHECK(config.cache == CacheConfig{});
  CHECK(config.ttl == TtlConfig{});
  CHECK(config.upstream == UpstreamConfig{});
  CHECK(config.open_mode());
  CHECK(config.open.hosts.delivery == "https://cdn.contentstack.io");
  CHECK(config.open.hosts.preview == "https://rest-preview.contentstack.com");
  CHECK(default_config().listeners[0].address == config.listeners[0].address);
  CHECK(default_config().open == config.open);
}

TEST_CASE("config: each section sets its members", "[conf]") {
  const ParsedConfig parsed = parse(R"(
[[listener]]
address = "[::1]:0"
role = "preview"
[[listener]]
address = "unix:/run/larder/larder.sock"
[admin]
socket = "/run/larder/admin.sock"
metrics = ["127.0.0.1:9180", "[::1]:9180"]
[server]
workers = 3
idle_timeout = "1m"
max_target = "32KiB"
[cache]
path = "/srv/cache"
size = "10MB"
max_object = 65536
commit_interval = "5ms"
reader_hold = "2m"
eviction = "fifo"
[ttl.content_type]
fresh = "2h"
stale_if_error = "7d"
[upstream]
low_speed = "2KiB"
allow_private_addresses = true
forward_headers = ["x-tenant"]
[preview]
strict_token = true
[log]
level = "debug"
access_log = "stderr"
[[stack]]
api_key = "blt0123456789abcdef"
region = "azure-eu"
[[stack.scope]]
environment = "production"
branches = ["main"]
aliases = ["live"]
delivery_tokens = ["token-a", "token-b"]
[[stack.scope]]
environment = "staging"
preview_tokens = ["token-c"]
[[stack]]
api_key = "blt2"
delivery = "https://CDN.example.com"
preview = "https://[2001:db8::1]:8443"
[[stack.scope]]
environment = "production"
delivery_tokens = ["token-d"]
)");
  INFO(format_mistakes("F", parsed.mistakes));
  REQUIRE(parsed.mistakes.empty());
  const Config& config = parsed.config;
  REQUIRE(config.listeners.size() == 2);
  CHECK(config.listeners[0].address == ListenAddress{ListenAddress::Family::tcp, "::1", 0});
  CHECK(config.listeners[0].role == ListenerConfig::Role::preview);
  CHECK(config.listeners[1].address.family == ListenAddress::Family::unix_socket);
  CHECK(config.admin.socket == "/run/larder/admin.sock");
  CHECK(config.admin.metrics.size() == 2);
  CHECK(config.server.workers == 3);
  CHECK(config.server.idle_timeout_ms == 60'000);
  CHECK(config.server.max_target_bytes == 32 * 1024);
  CHECK(config.cache.path == "/srv/cache");
  CHECK(config.cache.size == 10'000'000);
  CHECK(config.cache.max_object_bytes == 65'536);
  CHECK(config.cache.commit_interval_ms == 5);
  CHECK(config.cache.reader_hold_ms == 120'000);
  CHECK(config.cache.eviction == CacheConfig::Eviction::fifo);
  CHECK(config.ttl.content_type == TtlPolicy{7'200, 600, 604'800});
  CHECK(config.upstream.low_speed_bytes_per_s == 2'048);
  CHECK(config.upstream.allow_private_addresses);
  CHECK(config.upstream.forward_headers == std::vector<std::string>{"x-tenant"});
  CHECK(config.preview.strict_token);
  CHECK(config.log.level == LogLevel::debug);
  REQUIRE(config.stacks.size() == 2);
  CHECK(config.stacks[0].hosts.delivery == "https://azure-eu-cdn.contentstack.com");
  REQUIRE(config.stacks[0].scopes.size() == 2);
  CHECK(config.stacks[0].scopes[0].branches == std::vector<std::string>{"main", "live"});
  CHECK(config.stacks[0].scopes[0].delivery_tokens[1].reveal() == "token-b");
  CHECK(config.stacks[0].scopes[1].preview_tokens.size() == 1);
  CHECK(config.stacks[1].hosts.delivery == "https://cdn.example.com");
  CHECK(config.stacks[1].hosts.preview == "https://[2001:db8::1]:8443");
}

TEST_CASE("config: an unknown key is refused with its line and the nearest name", "[conf]") {
  struct Case {
    const char* name;
    const char* toml;
    const char* mistakes;
  };
  const auto c = GENERATE(values<Case>({
      {"a letter swapped", "[server]\nworkesr = 2\n",
       "F:2: unknown key of [server]: \"workesr\"; did you mean \"workers\"?\n"},
      {"a unit in the name", "\n\n[upstream]\nconnect_timeout_ms = 5\n",
       "F:4: unknown key of [upstream]: \"connect_timeout_ms\"; did you mean "
       "\"connect_timeout\"?\n"},
      {"a section in the plural", "[[stacks]]\n",
       "F:1: unknown section \"stacks\"; did you mean \"stack\"?\n"},
      {"nothing near", "[preview]\nzzzzzzzz = 1\n",
       "F:2: unknown key of [preview]: \"zzzzzzzz\"; known are: strict_token, "
       "allow_authorization\n"},
      {"below an array of sections", "[[listener]]\naddress = \"127.0.0.1:1\"\nrol = \"preview\"\n",
       "F:3: unknown key of [listener]: \"rol\"; did you mean \"role\"?\n"},
      {"a kind of resource", "[ttl.entries]\nfresh = \"1s\"\n",
       "F:1: unknown key of [ttl]: \"entries\"; did you mean \"entry\"?\n"},
  }));
  DYNAMIC_SECTION(c.name) {
    CHECK(mistakes_of(c.toml) == c.mistakes);
  }
}

TEST_CASE("config: a value of the wrong type, form or range is refused with a remedy", "[conf]") {
  struct Case {
    const char* toml;
    const char* says;
  };
  const auto c = GENERATE(values<Case>({
      {"[server]\nworkers = \"two\"", "F:2: server.workers is a text; give a whole number"},
      {"[server]\nworkers = 1.5", "server.workers is a fraction"},
      {"[server]\nworkers = 2026-01-02", "server.workers is a date"},
      {"[server]\nworkers = -1", "server.workers is -1; give 0 to 256"},
      {"[server]\nworkers = 257", "server.workers is 257; give 0 to 256"},
      {"[preview]\nstrict_token = \"yes\"", "give true or false"},
      {"[log]\naccess_sample = 1.01", "log.access_sample is no share; give a number from 0 to 1"},
      {"[log]\naccess_sample = -0.1", "log.access_sample is no share"},
      {"[log]\naccess_sample = nan", "log.access_sample is no share"},
      {"[log]\naccess_sample = \"1 in 0\"", "log.access_sample is no share"},
      {"[log]\naccess_sample = \"2 in 3\"", "log.access_sample is no share"},
      {"[log]\naccess_format = \"ncsa\"", "log.access_format"},
      {"[server]\nidle_timeout = 15",
       "server.idle_timeout is 15, a number without a unit; durations are texts with a unit: "
       "\"500ms\", \"60s\", \"5m\", \"24h\", \"7d\""},
      {"[server]\nidle_timeout = \"15\"", "server.idle_timeout is \"15\"; durations are"},
      {"[server]\nidle_timeout = \"1.5s\"", "server.idle_timeout is \"1.5s\"; durations are"},
      {"[server]\nidle_timeout = \"-1s\"", "server.idle_timeout is \"-1s\"; durations are"},
      {"[server]\nidle_timeout = \"2h\"", "server.idle_timeout is \"2h\"; give 1ms to 1h"},
      {"[ttl.entry]\nfresh = \"1500ms\"", "ttl.entry.fresh is \"1500ms\"; give whole seconds"},
      {"[ttl.entry]\nfresh = \"366d\"", "give 0s to 365d"},
      {"[cache]\nsize = \"1GB!\"", "cache.size is \"1GB!\"; sizes are"},
      {"[cache]\nsize = -5", "cache.size is -5; sizes are"},
      {"[cache]\nsize = \"1KiB\"", "cache.size is \"1KiB\"; give 1MiB to 16TiB"},
      {"[cache]\nsize = \"99999999999999999999\"", "sizes are"},
      {"[cache]\nsize = \"99999999TiB\"", "sizes are"},
      {"[cache]\npath = \"cache\"", "cache.path is \"cache\"; give an absolute path"},
      {"[log]\nlevel = \"warn\"", "unknown log.level \"warn\"; did you mean \"warning\"?"},
      {"[log]\nlevel = 3", "log.level is a whole number; give a text"},
      {"[log]\naccess_log = \"log.txt\"", "give \"stdout\", \"stderr\", an absolute path"},
      {"[open]\nregion = \"mars\"", "unknown open.region \"mars\"; known are: na, us, aws-na, eu"},
      {"[open]\nregion = \"azure_eu\"", "did you mean \"azure-eu\"?"},
      {"[[listener]]\naddress = \"localhost:80\"",
       "listener.address is \"localhost:80\"; give \"IP"},
      {"[[listener]]\naddress = \":80\"", "listener.address is \":80\"; give"},
      {"[[listener]]\naddress = \"::1:80\"", "listener.address is \"::1:80\"; give"},
      {"[[listener]]\naddress = \"127.0.0.1:70000\"",
       "; give a port of 0 to 65535 behind the last colon, not \"70000\""},
      {"[[listener]]\naddress = \"[::1]:65536\"", "give a port of 0 to 65535"},
      {"[[listener]]\naddress = \"127.0.0.1:-1\"", "give a port of 0 to 65535"},
      {"[[listener]]\naddress = \"127.0.0.1\"", "; give \"IP:PORT\""},
      {"[open]\ndelivery = \"https://a.b:0\"\npreview = \"https://a.b\"",
       "a port of 1 to 65535 behind the host, not \"0\""},
      {"[open]\ndelivery = \"https://a.b:99999\"\npreview = \"https://a.b\"",
       "a port of 1 to 65535 behind the host, not \"99999\""},
      {"[open]\ndelivery = \"https://a.b:9\\t9\"\npreview = \"https://a.b\"",
       "a port of 1 to 65535 behind the host\n"},
      {"[open]\ndelivery = \"https://user:secret@a.b\"\npreview = \"https://a.b\"",
       "F:2: open.delivery is \"...@a.b\"; give "},
      {"[open]\ndelivery = \"https://user:zq7secret@127.0.0.1:4\"\npreview = \"https://a.b\"",
       "F:2: open.delivery is \"...@127.0.0.1:4\"; give "},
      {"[webhook]\nsecret_header = \"X-Hook: zq7secret\"\nsecret_header_values = [\"zq8value\"]",
       "F:2: webhook.secret_header is not right; give the name of a header"},
      {"[[stack]]\napi_key = \"blt1\"\nregion = \"eu\"\n[[stack.scope]]\n"
       "environment = \"p\"\ndelivery_tokens = [\"zq9token\"]\npreview_tokens = [\"any\"]",
       "F:7: a token of stack.scope.preview_tokens is the word any; give the text "},
      {"[[listener]]\naddress = \"unix:relative\"", "an absolute path"},
      {"[[listener]]\nrole = \"preview\"", "F:1: this [[listener]] has no address"},
      {"[listener]\naddress = \"127.0.0.1:80\"", "write each one as [[listener]]"},
      {"[[server]]\nworkers = 1", "write it as a section: [server]"},
      {"stack = []", "stack is not a list of sections"},
      {"[webhook]\nlisten = [\"127.0.0.1:1\"]", "no proof is required"},
      {"[bus]\naddress = \"redis\"", "give HOST:PORT or unix:/PATH"},
      {"[bus]\naddress = \"redis:\"", "give HOST:PORT or unix:/PATH"},
      {"[bus]\naddress = \"redis:99999\"", "give HOST:PORT or unix:/PATH"},
      {"[bus]\naddress = \"redis://h:1\"", "give HOST:PORT or unix:/PATH"},
      {"[bus]\naddress = \"unix:redis.sock\"", "give HOST:PORT or unix:/PATH"},
      {"[bus]\naddress = \"unix:\"", "give HOST:PORT or unix:/PATH"},
      {"[bus]\naddress = \"unix:/r\"\ntls = true", "bus.address is a socket file"},
      {"[bus]\naddress = \"h:1\"\nca_file = \"/ca.pem\"", "bus.tls is not true"},
      {"[bus]\naddress = \"h:1\"\nusername = \"larder\"", "given without bus.password"},
      {"[bus]\npassword = \"abcdefgh\"", "bus.address is not"},
      {"[bus]\naddress = \"h:1\"\nstream = \"\"", "a word without blanks"},
      {"[bus]\naddress = \"h:1\"\nkeep = 1", "bus.keep"},
      {"[webhook]\nlisten = [\"127.0.0.1:1\"]\nallow_unverified = true\nhmac_secrets = "
       "[\"secret-one\"]",
       "webhook.allow_unverified is true, and a proof is required"},
      {"[webhook]\npublic_key_file = \"/k\"\npublic_key_url = \"https://h/k\"", "both given"},
      {"[webhook]\npublic_key_url = \"http://h/k\"", "not of https"},
      {"[webhook]\npublic_key_url = \"https://h\"", "give https://HOST/PATH"},
      {"[webhook]\npublic_key_url = \"https://u:p@h/k\"", "give https://HOST/PATH"},
      {"[webhook]\npublic_key_url = \"ftp://h/k\"", "give https://HOST/PATH"},
      {"[webhook]\nbasic_auth = \"nobody\"", "webhook.basic_auth has no `:`"},
      {"[webhook]\nsecret_header = \"x-a\"", "go together"},
      {"[webhook]\nsecret_header_values = [\"secret-one\"]", "go together"},
      {"[webhook]\nsecret_header = \"a b\"\nsecret_header_values = [\"secret-one\"]",
       "name of a header"},
      {"[webhook]\nsecret_header = \"Authorization\"\nsecret_header_values = [\"secret-one\"]\n"
       "basic_auth = \"user:secret\"",
       "want the same header"},
      {"[webhook]\npath = \"w\"", "a path that begins with /"},
      {"[webhook]\npath = \"/w?a\"", "a path that begins with /"},
      {"[webhook]\nmax_memory = \"1MiB\"", "less than one body of webhook.max_body"},
      {"[webhook]\nwindow = \"5m\"", "give 15m to"},
      {"[webhook]\nlisten = [\"127.0.0.1:1\"]\nallow_unverified = true\n[admin]\nmetrics = "
       "[\"127.0.0.1:1\"]",
       "overlaps"},
      {"[admin]\nmetrics = \"127.0.0.1:1\"", "admin.metrics is a text; give an array"},
      {"[admin]\nmetrics = [\"unix:/run/m\"]", "admin.metrics holds unix:/run/m; give TCP"},
      {"[admin]\nsocket = \"admin.sock\"", "admin.socket is \"admin.sock\"; give an absolute path"},
      {"[upstream]\nforward_headers = [\"Access-Token\"]", "no use for of their own"},
      {"[upstream]\nforward_headers_unkeyed = [\"management_token\"]", "no use for of their own"},
      {"[upstream]\nforward_headers = [\"x-user-agent\"]", "no use for of their own"},
      {"[upstream]\nforward_headers_unkeyed = [\"User-Agent\"]", "no use for of their own"},
      {"[upstream]\nforward_headers_unkeyed = [\"origin\"]", "no use for of their own"},
      {"[upstream]\nforward_headers = [\"X-A\", \"x_a\"]", "\"x_a\" is listed twice"},
      {"[upstream]\nforward_headers = [\"x-a\"]\nforward_headers_unkeyed = [\"X-A\"]", "F:3: "},
      {"[upstream]\nconnect_timeout = \"5m\"", "longer than upstream.total_timeout, 1m"},
      {"[upstream.proxy]\nurl = \"socks5://p:1080\"",
       "upstream.proxy.url is not right; give http://HOST:PORT, https://HOST:PORT or socks5h://"},
      {"[upstream.proxy]\nurl = \"http://u:p@proxy:3128\"", "without user and password"},
      {"[upstream.proxy]\nurl = \"http://proxy\"", "give http://HOST:PORT"},
      {"[upstream.proxy]\ncredentials = \"some:word\"",
       "F:2: upstream.proxy has credentials and no url"},
      {"[upstream.proxy]\nurl = \"http://p:1\"\ncredentials = \"someword\"",
       "F:3: the credentials of"},
      {"[upstream]\nproxy = \"http://p:1\"", "write it as a section: [upstream.proxy]"},
      {"[server]\ninstance_id = \"a,b\"", "give up to 64 letters, digits"},
      {"[cache]\nsize = \"4MiB\"\nmax_object = \"2MiB\"",
       "F:3: cache.max_object is 2MiB, more than a quarter of cache.size, 4MiB"},
      {"[cache]\nmax_object = \"1MiB\"\nmax_pending = \"64KiB\"",
       "F:3: cache.max_pending is 64KiB, less than one object of cache.max_object, 1MiB"},
  }));
  DYNAMIC_SECTION(c.toml) {
    const std::string mistakes = mistakes_of(c.toml);
    CHECK_THAT(mistakes, ContainsSubstring(c.says));
    CHECK(std::count(mistakes.begin(), mistakes.end(), '\n') == 1);
  }
}

TEST_CASE("config: listeners, metrics and admin socket must not overlap", "[conf]") {
  struct Case {
    const char* toml;
    bool overlap;
  };
  const auto c = GENERATE(values<Case>({
      {"[[listener]]\naddress=\"127.0.0.1:80\"\n[[listener]]\naddress=\"127.0.0.1:80\"", true},
      {"[[listener]]\naddress=\"127.0.0.1:80\"\n[[listener]]\naddress=\"127.0.0.1:81\"", false},
      {"[[listener]]\naddress=\"127.0.0.1:80\"\n[[listener]]\naddress=\"127.0.0.2:80\"", false},
      {"[[listener]]\naddress=\"0.0.0.0:80\"\n[[listener]]\naddress=\"127.0.0.2:80\"", true},
      {"[[listener]]\naddress=\"[::]:80\"\n[[listener]]\naddress=\"[::1]:80\"", true},
      {"[[listener]]\naddress=\"[0:0::1]:80\"\n[[listener]]\naddress=\"[::1]:80\"", true},
      {"[[listener]]\naddress=\"[::]:80\"\n[[listener]]\naddress=\"0.0.0.0:80\"", false},
      {"[[listener]]\naddress=\"127.0.0.1:0\"\n[[listener]]\naddress=\"127.0.0.1:0\"", false},
      {"[[listener]]\naddress=\"unix:/a\"\n[[listener]]\naddress=\"unix:/a\"", true},
      {"[[listener]]\naddress=\"unix:/a\"\n[admin]\nsocket=\"/a\"", true},
      {"[[listener]]\naddress=\"127.0.0.1:80\"\n[admin]\nmetrics=[\"0.0.0.0:80\"]", true},
      {"[admin]\nmetrics=[\"127.0.0.1:80\", \"127.0.0.1:80\"]", true},
  }));
  DYNAMIC_SECTION(c.toml) {
    CAPTURE(mistakes_of(c.toml));
    CHECK((mistakes_of(c.toml).find("overlaps") != std::string::npos) == c.overlap);
  }
}

TEST_CASE("config: a stack needs a key, hosts and scopes with tokens", "[conf]") {
  struct Case {
    const char* name;
    std::string toml;
    const char* says;  ///< empty = right
  };
  const auto c = GENERATE(values<Case>({
      {"a region", stack_with("region = \"eu\""), ""},
      {"both hosts", stack_with("delivery = \"https://a.b\"\npreview = \"https://c.d\""), ""},
      {"no hosts", stack_with(""), "F:1: this [[stack]] has neither a region nor hosts"},
      {"one host", stack_with("delivery = \"https://a.b\""), "this [[stack]] has no preview host"},
      {"region and hosts",
       stack_with("region = \"eu\"\ndelivery = \"https://a.b\"\npreview = \"https://c.d\""),
       "has a region and hosts of its own"},
      {"a host with a path", stack_with("delivery = \"https://a.b/v3\"\npreview = \"https://c.d\""),
       "F:3: stack.delivery is \"https://a.b/v3\"; give https://HOST"},
      {"a host with a user", stack_with("delivery = \"https://u@a.b\"\npreview = \"https://c.d\""),
       "F:3: stack.delivery"},
      {"a host without a scheme", stack_with("delivery = \"a.b\"\npreview = \"https://c.d\""),
       "F:3: stack.delivery"},
      {"plain http", stack_with("delivery = \"http://a.b\"\npreview = \"https://c.d\""),
       "tokens would travel in plain text; use https://, or set allow_plain_http"},
      {"plain http allowed",
       stack_with("delivery = \"http://a.b\"\npreview = \"http://c.d\"") +
           "[upstream]\nallow_plain_http = true\n",
       ""},
      {"a private address",
       stack_with("delivery = \"https://10.1.2.3\"\npreview = \"https://c.d\""),
       "a private address; use a public host, or set allow_private_addresses"},
      {"loopback by name",
       stack_with("delivery = \"https://c.d\"\npreview = \"https://localhost\""),
       "F:4: stack.preview is \"https://localhost\", a private address"},
      {"private allowed",
       stack_with("delivery = \"https://[::1]\"\npreview = \"https://127.0.0.1:99\"") +
           "[upstream]\nallow_private_addresses = true\n",
       ""},
      {"no key",
       "[[stack]]\nregion = \"eu\"\n[[stack.scope]]\nenvironment = \"p\"\n"
       "delivery_tokens = [\"token-one\"]\n",
       "F:1: this [[stack]] has no api_key"},
      {"no scope", "[[stack]]\napi_key = \"blt1\"\nregion = \"eu\"\n",
       "F:1: this [[stack]] has no [[stack.scope]]"},
      {"no environment",
       "[[stack]]\napi_key = \"blt1\"\nregion = \"eu\"\n[[stack.scope]]\n"
       "delivery_tokens = [\"token-one\"]\n",
       "F:4: this [[stack.scope]] has no environment"},
      {"no tokens",
       "[[stack]]\napi_key = \"blt1\"\nregion = \"eu\"\n[[stack.scope]]\nenvironment = \"p\"\n",
       "F:4: this [[stack.scope]] has no tokens"},
      {"the same stack twice", stack_with("region = \"eu\"") + stack_with("region = \"eu\""),
       "the stack blt1 is already in line 2; put its scopes into one [[stack]]"},
      {"a branch twice", stack_with("region = \"eu\"", "branches = [\"a\"]\naliases = [\"a\"]"),
       "the branch or alias \"a\" is listed twice"},
      {"sync", stack_with("region = \"eu\"", "branches = [\"main\"]\nsync = true"), ""},
      {"sync of any branch", stack_with("region = \"eu\"", "sync = true"),
       "F:7: this [[stack.scope]] has sync, and any branch may be asked for; list the branches"},
      {"sync without a token",
       "[[stack]]\napi_key = \"blt1\"\nregion = \"eu\"\n[[stack.scope]]\nenvironment = \"p\"\n"
       "branches = [\"main\"]\npreview_tokens = [\"token-one\"]\nsync = true\n",
       "F:8: this [[stack.scope]] has sync and no delivery token to ask with"},
      {"sync all the time", stack_with("region = \"eu\"", "sync_interval = \"10ms\""),
       "stack.scope.sync_interval"},
      {"a token in two scopes",
       stack_with("region = \"eu\"") + "[[stack.scope]]\nenvironment = \"staging\"\n"
                                       "delivery_tokens = [\"other-token\", \"token-one\"]\n",
       "F:10: this token of the stack is already in line 6; give each token once"},
      {"a token of both sorts", stack_with("region = \"eu\"", "preview_tokens = [\"token-one\"]"),
       "is a delivery token and a preview token"},
      {"a token in two stacks",
       stack_with("region = \"eu\"") + "[[stack]]\napi_key = \"blt2\"\nregion = \"eu\"\n"
                                       "[[stack.scope]]\nenvironment = \"p\"\n"
                                       "delivery_tokens = [\"token-one\"]\n",
       ""},
      {"[open] beside it", stack_with("region = \"eu\"") + "[open]\nregion = \"eu\"\n",
       "[open] has no effect beside [[stack]]"},
      {"[open] with one host", "[open]\npreview = \"https://a.b\"\n",
       "[open] has no delivery host"},
  }));
  DYNAMIC_SECTION(c.name) {
    const std::string mistakes = mistakes_of(c.toml);
    if (std::string_view(c.says).empty()) {
      CHECK_THAT(mistakes, Equals(""));
    } else {
      CHECK_THAT(mistakes, ContainsSubstring(c.says));
      CHECK(std::count(mistakes.begin(), mistakes.end(), '\n') == 1);
      CHECK(mistakes.find("token-one") == std::string::npos);
      CHECK(mistakes.find("[redacted]") == std::string::npos);
    }
  }
}

TEST_CASE("config: every mistake is told, in the order of the lines", "[conf]") {
  CHECK(mistakes_of("[log]\nlevel = \"loud\"\n[server]\nworkers = -1\n[cache]\nsiez = 1\n") ==
        "F:2: unknown log.level \"loud\"; known are: error, warning, info, debug\n"
        "F:4: server.workers is -1; give 0 to 256\n"
        "F:6: unknown key of [cache]: \"siez\"; did you mean \"size\"?\n");
}

TEST_CASE("config: what is no TOML is refused with its line", "[conf]") {
  struct Case {
    const char* name;
    const char* toml;
    const char* says;
  };
  const auto c = GENERATE(values<Case>({
      {"a key twice", "[server]\nworkers = 1\nworkers = 2\n", "F:3: this is no TOML"},
      {"a section twice", "[server]\n[server]\n", "F:2: this is no TOML"},
      {"an open string", "[cache]\npath = \"x\n", "F:2: this is no TOML"},
      {"an open bracket", "[cache\n", "F:1: this is no TOML"},
      {"a text that breaks an assertion of the parser", "a = 1\n[=\nb = 2\n",
       "F:2: this is no TOML"},
      {"a letter beyond ASCII in a key", "a = \"\"\"\\\n\"\"\"\nz\xc3\xa9 = 1\n",
       "F:3: this is no TOML"},
      {"a blank beyond ASCII behind a text", "[log]\naccess_log = \"\xc3\xa9#'\" \xc2\xa0\n",
       "F:2: this is no TOML"},
      {"a null byte", "[cache]\n\x01 = 1", "F:2: this is no TOML"},
  }));
  DYNAMIC_SECTION(c.name) {
    CHECK_THAT(mistakes_of(c.toml), ContainsSubstring(c.says));
  }
}

TEST_CASE("config: the description names what is served and no token", "[conf]") {
  const ParsedConfig parsed = parse(stack_with("region = \"eu\"", "branches = [\"main\", \"x\"]"));
  REQUIRE(parsed.mistakes.empty());
  CHECK(describe_config(parsed.config) ==
        "  listens on 127.0.0.1:8080 for delivery and preview\n"
        "  caches in /var/cache/larder, at most 1GiB\n"
        "  stack blt1 at https://eu-cdn.contentstack.com, preview at "
        "https://eu-rest-preview.contentstack.com\n"
        "    environment production, branches main x: 1 delivery token, any preview token (none is "
        "listed)\n");
}

TEST_CASE("config: preview_tokens may be \"any\", and what [] means is said", "[conf]") {
  struct Case {
    const char* first;
    const char* second;  ///< of another scope
    const char* says;
  };
  const auto c = GENERATE(values<Case>({
      {"", "", "any preview token (none is listed)\n"},
      {"preview_tokens = []", "", "any preview token (none is listed)\n"},
      {"preview_tokens = \"any\"", "", "any preview token\n"},
      {"preview_tokens = \"any\"", "preview_tokens = [\"one\"]", "any preview token\n"},
      {"preview_tokens = [\"one\"]", "", "1 preview token\n"},
      {"preview_tokens = []", "preview_tokens = [\"one\"]", "0 preview tokens\n"},
  }));
  CAPTURE(c.first, c.second);
  const ParsedConfig parsed = parse(
      stack_with("region = \"eu\"", c.first) +
      "[[stack.scope]]\nenvironment = \"other\"\ndelivery_tokens = [\"cs2\"]\n" + c.second + "\n");
  CHECK(format_mistakes("F", parsed.mistakes).empty());
  CHECK_THAT(describe_config(parsed.config), ContainsSubstring(c.says));
}

TEST_CASE("config: a word for preview_tokens other than any is refused", "[conf]") {
  CHECK_THAT(mistakes_of((stack_with("region = \"eu\"", "preview_tokens = \"none\"")).c_str()),
             ContainsSubstring("preview_tokens is a text"));
}

TEST_CASE("config: a proxy has a url, and credentials that nobody is told", "[conf]") {
  const ParsedConfig parsed =
      parse("[upstream.proxy]\nurl = \"socks5h://proxy.test:1080\"\ncredentials = \"u:swordfish\"");
  REQUIRE_THAT(format_mistakes("F", parsed.mistakes), Equals(""));
  CHECK(parsed.literal_secret_line == 3);
  CHECK(parsed.config.upstream.proxy.credentials.reveal() == "u:swordfish");
  const std::string text = describe_config(parsed.config);
  CHECK_THAT(text, ContainsSubstring("by way of socks5h://proxy.test:1080"));
  CHECK(text.find("swordfish") == std::string::npos);
  const std::string wrong =
      mistakes_of("[upstream.proxy]\nurl = \"http://u:swordfish@proxy:3128\"");
  CHECK(wrong.find("swordfish") == std::string::npos);
}

TEST_CASE("config: letters beyond ASCII are welcome in texts and comments", "[conf]") {
  const ParsedConfig parsed = parse(
      "\xef\xbb\xbf# \xc3\xa9 it's\n[log]\naccess_log = \"/\\\"\xc3\xa9\" # \xc3\xa9\n"
      "[cache]\npath = \"\"\"/\"\xc3\xa9\"\"\"\n[admin]\nsocket = '/\xc3\xa9\\'\n");
  CHECK(format_mistakes("F", parsed.mistakes) == "");
  CHECK(parsed.config.log.access_log == "/\"\xc3\xa9");
}
