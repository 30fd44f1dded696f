// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <optional>

#include "cache/request/path_kind.h"
#include "tests/cache/request_builder.h"

using namespace larder;
using namespace larder::testing;

namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kEntry = "/v3/content_types/blog/entries/blt1";
const std::pair<std::string, std::string> kKeyLine{"api_key", std::string(kApiKey)};
const std::pair<std::string, std::string> kTokenLine{"access_token", std::string(kToken)};
const std::pair<std::string, std::string> kPreviewLine{"preview_token", std::string(kPreviewToken)};

struct Case {
  const char* name;
  std::string path;
  std::string query;
  Headers headers;  ///< besides api_key
  std::string expected;
};

std::string routed(const Case& c, const Config& config,
                   ListenerConfig::Role role = ListenerConfig::Role::delivery) {
  Decoded scratch;
  RequestBuilder builder(c.path + (c.query.empty() ? "" : "?" + c.query));
  builder.header("api_key", kApiKey);
  for (const auto& [name, value] : c.headers) builder.header(name, value);
  return name_of(run(builder, config, scratch, {}, role));
}

}  // namespace

TEST_CASE("classify: what each library sends, in each state of live preview", "[cache]") {
  const Headers delivery = {kTokenLine};
  const Headers both = {kTokenLine, kPreviewLine};
  const std::string env = "environment=production";
  const auto c = GENERATE_COPY(values<Case>({
      {"JS3, enabled, no hash", kEntry, env, delivery, "cached"},
      {"JS3, hash: entry",
       kEntry,
       "live_preview=h",
       {kPreviewLine, {"live_preview", "h"}},
       "preview"},
      {"JS3, hash: asset, at the delivery host",
       "/v3/assets/blt2",
       "live_preview=h",
       {kPreviewLine, {"live_preview", "h"}},
       "preview"},
      {"JS3, hash: content type", "/v3/content_types/blog", env, delivery, "cached"},
      {"JS3, timeline, no hash",
       kEntry,
       env,
       {kTokenLine, {"release_id", "r"}, {"preview_timestamp", "2026-01-01T00:00:00.000Z"}},
       "pass"},
      {"JS3, hash and timeline",
       kEntry,
       "live_preview=h",
       {kPreviewLine, {"live_preview", "h"}, {"release_id", "r"}},
       "preview"},
      {"JS3, management token",
       kEntry,
       "live_preview=h",
       {{"authorization", "cs_mgmt"}},
       "preview"},
      {"JS3, management token, no hash", kEntry, env, {{"authorization", "cs_mgmt"}}, "403"},
      {"JS 3.15, hash, query().find at the delivery host",
       "/v3/content_types/blog/entries/",
       "query=%7B%7D&include[]=author&live_preview=h",
       {{"authorization", "undefined"}},
       "preview"},
      {"TS, preview token configured, no hash", kEntry, env, both, "cached"},
      {"TS, after livePreviewQuery({})",
       kEntry,
       env,
       {kTokenLine, kPreviewLine, {"live_preview", ""}},
       "cached"},
      {"TS, timeline, no hash",
       kEntry,
       env,
       {kTokenLine, kPreviewLine, {"live_preview", ""}, {"release_id", "r"}},
       "pass"},
      {"TS, hash: entry, path without /v3",
       "/content_types/blog/entries/blt1",
       env,
       {kTokenLine, kPreviewLine, {"live_preview", "h"}},
       "preview"},
      {"TS, hash: sync",
       "/stacks/sync",
       env + "&init=true",
       {kTokenLine, kPreviewLine, {"live_preview", "h"}},
       "preview"},
      {"TS, management token", "/content_types/blog/entries/blt1", env, delivery, "404"},
      {"Python, preview token, no hash",
       kEntry,
       env,
       {kTokenLine, kPreviewLine, {"environment", "production"}},
       "cached"},
      {"Python, hash, first call",
       kEntry,
       "live_preview=h",
       {kTokenLine, kPreviewLine, {"environment", "production"}},
       "preview"},
      {"Python, hash, second call",
       kEntry,
       env,
       {kTokenLine, kPreviewLine, {"environment", "production"}},
       "cached"},
      {"Java, hash, at its preview host",
       kEntry,
       "",
       {kPreviewLine, {"live_preview", "h"}, {"environment", "production"}},
       "preview"},
      {"Java, hash, at another host",
       kEntry,
       "",
       {{"authorization", "cs_mgmt"}, {"live_preview", "h"}},
       "preview"},
      {"Net, hash", kEntry, "live_preview=h&" + env, {kPreviewLine}, "preview"},
      {"Net, timeline with init",
       kEntry,
       "live_preview=init&" + env,
       {kTokenLine, kPreviewLine, {"preview_timestamp", "2026-01-01"}},
       "preview"},
      {"Net, init alone", kEntry, "live_preview=init&" + env, both, "cached"},
      {"Ruby, PHP, Dart: init and management token",
       kEntry,
       "live_preview=init&" + env,
       {{"authorization", "cs_mgmt"}},
       "403"},
      {"PHP, hash and management token",
       kEntry,
       "live_preview=h&" + env,
       {{"authorization", "cs_mgmt"}},
       "preview"},
  }));
  DYNAMIC_SECTION(c.name) {
    CHECK(routed(c, Config{}) == c.expected);
  }
}

TEST_CASE("classify: the table of routes, first match wins", "[cache]") {
  const auto c = GENERATE(values<Case>({
      {"hash in the header", kEntry, "", {kTokenLine, {"live_preview", "h"}}, "preview"},
      {"hash in the query", kEntry, "live_preview=h", {kTokenLine}, "preview"},
      {"hash in both, equal",
       kEntry,
       "live_preview=a%2Db",
       {kTokenLine, {"live_preview", "a-b"}},
       "preview"},
      {"hash in both, different",
       kEntry,
       "live_preview=a",
       {kTokenLine, {"live_preview", "b"}},
       "400"},
      {"hash, encoded name", kEntry, "%6Cive_preview=h", {kTokenLine}, "preview"},
      {"hash, name with a dash", kEntry, "", {kTokenLine, {"Live-Preview", "h"}}, "preview"},
      {"hash outranks authorization",
       kEntry,
       "live_preview=h",
       {kTokenLine, {"authorization", "x"}},
       "preview"},
      {"hash without any token", kEntry, "live_preview=h", {}, "preview"},
      {"hash on an unknown path", "/anything", "live_preview=h", {}, "preview"},
      {"init without preview token", kEntry, "live_preview=init", {kTokenLine}, "cached"},
      {"init and timeline without preview token",
       kEntry,
       "live_preview=init&release_id=r",
       {kTokenLine},
       "pass"},
      {"init, timeline and preview token",
       kEntry,
       "live_preview=init&release_id=r",
       {kTokenLine, kPreviewLine},
       "preview"},
      {"init in capitals is a hash", kEntry, "live_preview=INIT", {kTokenLine}, "preview"},
      {"authorization", kEntry, "", {kTokenLine, {"Authorization", "Bearer x"}}, "403"},
      {"authtoken", kEntry, "", {kTokenLine, {"authtoken", "x"}}, "403"},
      {"authtoken in the query", kEntry, "authtoken=x", {kTokenLine}, "403"},
      {"Basic of a staging site",
       kEntry,
       "",
       {kTokenLine, {"Authorization", "Basic dTpw"}},
       "cached"},
      {"Basic, in lower case", kEntry, "", {kTokenLine, {"authorization", "basic dTpw"}}, "cached"},
      {"Digest of a staging site",
       kEntry,
       "",
       {kTokenLine, {"Authorization", "Digest username=u"}},
       "cached"},
      {"Basic alone", kEntry, "", {{"Authorization", "Basic dTpw"}}, "401"},
      {"a raw token that begins like it",
       kEntry,
       "",
       {kTokenLine, {"authorization", "basic"}},
       "403"},
      {"Basic and a raw token",
       kEntry,
       "",
       {kTokenLine, {"authorization", "Basic x"}, {"authorization", "cs_mgmt"}},
       "400"},
      {"Basic and a token in the query",
       kEntry,
       "authorization=cs_mgmt",
       {kTokenLine, {"authorization", "Basic x"}},
       "403"},
      {"authorization, empty", kEntry, "", {kTokenLine, {"authorization", ""}}, "cached"},
      {"preview token alone", kEntry, "", {kPreviewLine}, "preview"},
      {"preview token, access token empty",
       kEntry,
       "",
       {kPreviewLine, {"access_token", ""}},
       "preview"},
      {"preview token alone, path without /v3", "/assets", "", {kPreviewLine}, "preview"},
      {"neither token", kEntry, "", {}, "401"},
      {"both tokens empty", kEntry, "", {{"access_token", ""}, {"preview_token", ""}}, "401"},
      {"access token in the query", kEntry, "access_token=cs1", {}, "cached"},
      {"timeline", kEntry, "", {kTokenLine, {"preview_timestamp", "t"}}, "pass"},
      {"timeline in the query", kEntry, "release_id=r", {kTokenLine}, "pass"},
      {"timeline, empty", kEntry, "release_id=", {kTokenLine, {"preview_timestamp", ""}}, "cached"},
      {"known path", kEntry, "", {kTokenLine}, "cached"},
      {"unknown path below /v3", "/v3/sync", "params%5Binit%5D=true", {kTokenLine}, "pass"},
      {"unknown path, neither token", "/v3/sync", "", {}, "401"},
      {"path without /v3", "/content_types", "", {kTokenLine}, "404"},
      {"path without /v3, neither token", "/", "", {}, "404"},
      {"path that only starts like /v3", "/v3x/assets", "", {kTokenLine}, "404"},
  }));
  DYNAMIC_SECTION(c.name) {
    CHECK(routed(c, Config{}) == c.expected);
  }
}

TEST_CASE("classify: strict_token sends every preview token to the preview host", "[cache]") {
  Config config;
  config.preview.strict_token = true;
  CHECK(routed({"", kEntry, "", {kTokenLine, kPreviewLine}, ""}, config) == "preview");
  CHECK(routed({"", kEntry, "", {kTokenLine, {"preview_token", ""}}, ""}, config) == "cached");
  CHECK(routed({"", kEntry, "", {kTokenLine}, ""}, config) == "cached");
}

TEST_CASE("classify: allow_authorization passes management credentials", "[cache]") {
  Config config;
  config.preview.allow_authorization = true;
  const std::pair<std::string, std::string> authorization{"authorization", "cs_mgmt"};
  CHECK(routed({"", kEntry, "", {authorization}, ""}, config) == "pass");
  CHECK(routed({"", kEntry, "", {{"authorization", "Basic x"}, kTokenLine}, ""}, config) ==
        "cached");
  CHECK(routed({"", kEntry, "", {authorization, kTokenLine}, ""}, config) == "pass");
  CHECK(routed({"", kEntry, "", {authorization, kPreviewLine}, ""}, config) == "pass");
  CHECK(routed({"", kEntry, "live_preview=h", {authorization}, ""}, config) == "preview");
  CHECK(routed({"", "/assets", "", {authorization}, ""}, config) == "404");
}

TEST_CASE("classify: everything on a preview listener is preview", "[cache]") {
  constexpr auto kPreviewRole = ListenerConfig::Role::preview;
  CHECK(routed({"", kEntry, "", {kTokenLine}, ""}, Config{}, kPreviewRole) == "preview");
  CHECK(routed({"", kEntry, "", {}, ""}, Config{}, kPreviewRole) == "preview");
  CHECK(routed({"", "/x", "", {{"authorization", "y"}}, ""}, Config{}, kPreviewRole) == "preview");
}

TEST_CASE("classify: OPTIONS is a preflight, HEAD is like GET", "[cache]") {
  Decoded scratch;
  RequestBuilder preflight(kEntry);
  preflight.method(Method::options);
  CHECK(name_of(run(preflight, Config{}, scratch)) == "preflight");
  auto head = RequestBuilder::delivery(kEntry);
  head.method(Method::head);
  CHECK(name_of(run(head, Config{}, scratch)) == "cached");
}

TEST_CASE("classify: missing credentials are refused as the API does it", "[cache]") {
  Decoded scratch;
  RequestBuilder no_token(kEntry);
  no_token.header("api_key", kApiKey);
  const Refusal missing_token = run(no_token, Config{}, scratch).refusal;
  CHECK(missing_token.status == 401);
  CHECK(missing_token.error_code == 105);
  CHECK(std::string_view(missing_token.field) == "access_token");
  CHECK_FALSE(missing_token.close);

  RequestBuilder no_key(kEntry);
  no_key.header("access_token", kToken);
  const Refusal missing_key = run(no_key, Config{}, scratch).refusal;
  CHECK(missing_key.status == 412);
  CHECK(missing_key.error_code == 109);
  CHECK(std::string_view(missing_key.field) == "api_key");
}

TEST_CASE("classify: kinds of paths", "[cache]") {
  struct Path {
    const char* path;
    std::optional<Kind> kind;
  };
  const auto c = GENERATE(values<Path>({
      {"/v3/content_types/blog/entries/blt1", Kind::entry},
      {"/v3/content_types/blog/entries/blt1/", Kind::entry},
      {"/v3/content_types/blog/entries", Kind::list},
      {"/v3/content_types/blog/entries/", Kind::list},
      {"/v3/taxonomies/entries", Kind::list},
      {"/v3/assets", Kind::asset},
      {"/v3/assets/", Kind::asset},
      {"/v3/assets/blt1", Kind::asset},
      {"/v3/content_types", Kind::content_type},
      {"/v3/content_types/", Kind::content_type},
      {"/v3/content_types/blog", Kind::content_type},
      {"/v3/global_fields", Kind::content_type},
      {"/v3/global_fields/seo", Kind::content_type},
      {"/v3/taxonomies", Kind::taxonomy},
      {"/v3/taxonomies/color", Kind::taxonomy},
      {"/v3/taxonomies/color/terms", Kind::taxonomy},
      {"/v3/taxonomies/color/terms/red", Kind::taxonomy},
      {"/v3/taxonomies/color/terms/red/locales", Kind::taxonomy},
      {"/v3/taxonomies/color/terms/red/ancestors", Kind::taxonomy},
      {"/v3/taxonomies/color/terms/red/descendants/", Kind::taxonomy},
      {"/v3/stacks/sync", Kind::sync},
      {"/v3/stacks/sync/", Kind::sync},
      {"/%763/%63ontent_types/blog/entr%69es", Kind::list},
      {"/v3/stacks/%73ync", Kind::sync},
      {"/v3", std::nullopt},
      {"/v3/", std::nullopt},
      {"/v3/sync", std::nullopt},
      {"/v3/stacks", std::nullopt},
      {"/v3/stacks/sync/x", std::nullopt},
      {"/v3/stacks/sync%2", std::nullopt},
      {"/v3/stacks/sync%20", std::nullopt},
      {"/v3/Assets", std::nullopt},
      {"/v3/assets/blt1/references", std::nullopt},
      {"/v3/global_fields/seo/x", std::nullopt},
      {"/v3/content_types/blog/entry", std::nullopt},
      {"/v3/content_types/blog/entries/blt1/locales", std::nullopt},
      {"/v3/taxonomies/color/colors", std::nullopt},
      {"/v3/taxonomies/color/terms/red/export", std::nullopt},
      {"/v3/taxonomies/color/terms/red/locales/x", std::nullopt},
      {"/v3/environments", std::nullopt},
      {"/v2/assets", std::nullopt},
      {"/assets", std::nullopt},
  }));
  CAPTURE(c.path);
  CHECK(kind_of_path(c.path) == c.kind);
}

TEST_CASE("classify: decoded texts stay where they are while more are added", "[cache]") {
  Decoded scratch;
  std::vector<std::string_view> views;
  for (int i = 0; i < 100; ++i) views.push_back(scratch.decode("a%20" + std::to_string(i)));
  for (int i = 0; i < 100; ++i) {
    CHECK(views[static_cast<std::size_t>(i)] == "a " + std::to_string(i));
  }
  scratch.clear();
  CHECK(scratch.decode("x+y%2B") == "x y+");
}
