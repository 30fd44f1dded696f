// SPDX-License-Identifier: Apache-2.0
#include "daemon/status_text.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace larder;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Equals;

namespace {

constexpr const char* kWell = R"({"version":"0.1.0","mode":"configured","uptime_s":183900,
  "settings":{"generation":2,"loaded":"2026-01-02T03:04:05.000Z","last_reload":{"result":"applied",
    "at":"2026-01-02T03:04:05.000Z","mistakes":0,"applied":["ttl.entry.fresh"],"needs_restart":[]}},
  "listeners":[{"address":"127.0.0.1:8080","role":"delivery"}],
  "requests":{"hit":1234567,"stale":0,"miss":65433,"failed":0},
  "store":{"objects":4321,"live_bytes":3221225,"size_bytes":67108864,"scopes":3,"evicted":0,"purged":12,
    "corrupt":0,"warm":true,"state":"writes"},
  "logs":{"access":{"lost":5090},"own":{"lost":0}},
  "origin":{"fills":65433,"joined":12,"active":1,"failed_transfers":0,"credentials_rejected":0},
  "hosts":[{"name":"https://cdn.example.com","for":"delivery","running":{"visitor":2,"pass":1},
    "queued":{"visitor":0},"successes":65400,"failures":3,"state":"closed","held_for_s":0,
    "last_error":null}]})";

std::string text(const std::string& json, bool colours = false) {
  return status_text(json, colours).value_or("no status");
}

}  // namespace

TEST_CASE("status text: groups of aligned lines", "[daemon]") {
  CHECK_THAT(text(kWell), Equals(R"(larderd 0.1.0, mode configured, up 2 d 3 h

  listens on            127.0.0.1:8080, delivery
  settings              generation 2, loaded 2026-01-02T03:04:05.000Z
  last reload           applied

Requests
  all                         1,300,000
  hit                         1,234,567     95.0 %
  miss                           65,433      5.0 %

Store
  state                 writes
  in use                3.1 MiB of 64.0 MiB, 4.8 %
  objects                         4,321
  scopes                              3
  evicted                             0
  purged                             12
  corrupt                             0

Logs
  access                written; 5,090 lines lost
  own                   written

Origin
  fills                          65,433
  joined                             12
  active                              1
  failed transfers                    0
  credentials rejected                0

Hosts
  name                     for       state       running    queued      good    failed
  https://cdn.example.com  delivery  closed            3         0    65,400         3
)"));
}

TEST_CASE("status text: trouble is said, and coloured where colours are wanted", "[daemon]") {
  const std::string bad = R"({"version":"1","mode":"open","uptime_s":61,"settings":{"generation":1,
    "loaded":"T","last_reload":{"result":"failed","needs_restart":["cache.size"]}},
    "store":{"state":"disk_full","trouble":"no space","size_bytes":0,"live_bytes":0,"corrupt":2},
    "logs":{"own":{"lost":3,"trouble":"Broken pipe"}},
    "hosts":[{"name":"h","for":"preview","state":"open","held_for_s":7,
      "last_error":{"text":"timed out","ago_s":65}}]})";
  const std::string plain = text(bad);
  for (const char* part :
       {"up 1 min 1 s", "failed: see the log", "needs a restart       cache.size",
        "disk_full: no space", "own                   Broken pipe; 3 lines lost",
        "not asked for 7 s", "last error, 1 min 5 s ago: timed out"}) {
    CHECK_THAT(plain, ContainsSubstring(part));
  }
  CHECK(plain.find('\x1b') == std::string::npos);
  CHECK_THAT(text(bad, true), ContainsSubstring("\x1b[31mdisk_full: no space\x1b[0m"));
  CHECK_THAT(text(bad, true), ContainsSubstring("\x1b[1mStore\x1b[0m"));
  CHECK_THAT(text(kWell, true), ContainsSubstring("\x1b[32mwrites\x1b[0m"));
}

TEST_CASE("status text: an origin's words do not command the terminal", "[daemon]") {
  const std::string shown = text(
      R"({"hosts":[{"name":"h\u001b[2J","last_error":{"text":"a\u001b]0;x\u0007\r\nb\u009bc\u007f"}}]})");
  CHECK_THAT(shown, ContainsSubstring("h?[2J"));
  CHECK_THAT(shown, ContainsSubstring("a?]0;x???b?c?"));
  CHECK(shown.find('\x1b') == std::string::npos);
}

TEST_CASE("status text: another version's fields do no harm, and what is no status is none",
          "[daemon]") {
  CHECK_THAT(
      text(R"({"requests":{"hit":"many","miss":{}},"store":7,"hosts":{"a":1},"listeners":[1]})"),
      ContainsSubstring("Requests"));
  CHECK_FALSE(status_text("", false).has_value());
  CHECK_FALSE(status_text("[]", false).has_value());
  CHECK_FALSE(status_text("{\"version\":", false).has_value());
}

TEST_CASE("status text: what the audit has found, once it has looked", "[daemon]") {
  const std::string quiet = R"({"audit":{"checked":0,"differing":0,"failed":0}})";
  CHECK(text(quiet).find("Audit") == std::string::npos);
  const std::string shown = text(R"({"audit":{"checked":1200,"differing":3,"failed":1}})");
  CHECK_THAT(shown, ContainsSubstring("Audit\n") && ContainsSubstring("1,200") &&
                        ContainsSubstring("differing"));
}

TEST_CASE("status text: feeds of the Sync API, and what is wrong with them", "[daemon]") {
  CHECK(text(kWell).find("Sync") == std::string::npos);
  const std::string shown = text(R"({"sync":[
      {"stack":"blt1","environment":"production","branch":"main","complete_ago_ms":1999,"purges":1234},
      {"stack":"blt1","environment":"production","branch":"dev","complete_ago_ms":null,
       "trouble":"the origin answered 503\u001b"},
      {"stack":"blt1","environment":"staging","branch":"main","learning":true}, 7]})");
  CHECK_THAT(shown, ContainsSubstring("  blt1/staging/main\n"
                                      "    up to date          not yet\n"
                                      "    references          being asked for"));
  CHECK_THAT(shown, ContainsSubstring("Sync\n"
                                      "  blt1/production/main\n"
                                      "    up to date          1 s ago\n"
                                      "    purges                        1,234\n"
                                      "  blt1/production/dev\n"
                                      "    up to date          not yet\n"
                                      "    trouble             the origin answered 503?\n"));
}

TEST_CASE("status text: a daemon that drains says so", "[daemon]") {
  const std::string status = R"({"version":"0.1.0","mode":"open","uptime_s":5,"state":)";
  CHECK_THAT(text(status + R"("serving"})"), ContainsSubstring("mode open, up 5 s\n"));
  CHECK_THAT(text(status + R"("draining"})"), ContainsSubstring("mode open, up 5 s, draining\n"));
}

TEST_CASE("status text: webhooks are told where there is a receiver", "[daemon]") {
  CHECK_THAT(
      text(R"({"version":"1","mode":"open","listeners":[{"address":"[::]:443","role":"delivery",
    "tls":true}],"webhook":{"key_trouble":"the answer is 404"},
    "origin":{"fills":1,"visible_ms":[[100,2],[null,0]]}})"),
      ContainsSubstring("[::]:443, delivery, TLS\n") &&
          ContainsSubstring("public key            the answer is 404\n") &&
          !ContainsSubstring("visible"));
  const std::string well = text(R"({"version":"1","mode":"open","webhook":{"pending":0,"late":0,
    "results":{"applied":1200,"too_old":2},"last_seen_ago_s":61,"last":{"event":"entry.publish",
    "subject":"entry blog/e1","result":"applied","at":"T","lag_ms":12}}})");
  CHECK_THAT(well, ContainsSubstring("Webhooks\n  last genuine one      1 min 1 s ago\n"
                                     "  last event            T entry.publish, applied: entry "
                                     "blog/e1\n"));
  CHECK_THAT(well, ContainsSubstring("  applied                         1,200\n"
                                     "  too old                             2\n"));
  CHECK_THAT(text(R"({"webhook":{"results":{},"last_seen_ago_s":null,"last":null}})"),
             ContainsSubstring("last genuine one      never\n"));
}
