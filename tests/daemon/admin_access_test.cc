// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/admin_access.h"

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace larder;

namespace {

struct Case {
  const char* name;
  const char* path;
  AdminAsker asker;
  bool page = false;
  bool tokens = false;
  AdminAccess expected = AdminAccess::granted;
};

constexpr AdminAsker kAnyone{};
constexpr AdminAsker kSocket{.trusted = true, .names_host = true};
constexpr AdminAsker kToken{.shows_token = true, .names_host = true};
constexpr AdminAsker kByName{.names_host = true};
constexpr auto kGranted = AdminAccess::granted;
constexpr auto kTokenWanted = AdminAccess::token_wanted;
constexpr auto kNoToken = AdminAccess::no_token_is_set;
constexpr auto kForeign = AdminAccess::foreign_name;
constexpr auto kSocketOnly = AdminAccess::socket_only;
constexpr auto kOwnerOnly = AdminAccess::owner_only;
constexpr AdminAsker kOwner{.trusted = true, .owns = true};

}  // namespace

TEST_CASE("admin access: who may see what", "[daemon]") {
  const auto c = GENERATE(values<Case>({
      {"the socket sees all", "/status", kSocket, false, false, kGranted},
      {"the socket sees tags", "/tags", kSocket, false, false, kGranted},
      {"the socket sees what is stored", "/get", kSocket, false, false, kGranted},
      {"and lists it", "/list", kSocket, false, false, kGranted},
      {"nobody else does", "/get", kToken, true, true, kSocketOnly},
      {"its owner may have it reload", "/reload", kOwner, false, false, kGranted},
      {"and drain", "/drain", kOwner, false, false, kGranted},
      {"and take a snapshot", "/snapshot", kOwner, false, false, kGranted},
      {"others on the socket may not take one", "/snapshot", kSocket, false, false, kOwnerOnly},
      {"others on the socket may not", "/reload", kSocket, false, false, kOwnerOnly},
      {"nor have it drain", "/drain", kSocket, true, true, kOwnerOnly},
      {"nor does a token", "/drain", kToken, true, true, kSocketOnly},
      {"nor its user by TCP", "/reload", {.owns = true}, true, false, kSocketOnly},
      {"metrics are open", "/metrics", kAnyone, false, false, kGranted},
      {"metrics are open by any name", "/metrics", kByName, false, false, kGranted},
      {"so is health", "/healthz", kAnyone, false, true, kGranted},
      {"no page by itself", "/", kAnyone, false, false, kSocketOnly},
      {"no figures by themselves", "/status", kAnyone, false, false, kNoToken},
      {"nor events", "/events", kAnyone, false, false, kNoToken},
      {"the page of a token asks for it", "/", kAnyone, false, true, kGranted},
      {"figures want the token", "/status", kAnyone, false, true, kTokenWanted},
      {"the token shows figures", "/status", kToken, false, true, kGranted},
      {"the token shows events", "/events", kToken, false, true, kGranted},
      {"admin.page shows the page", "/", kAnyone, true, false, kGranted},
      {"admin.page shows figures", "/status", kAnyone, true, false, kGranted},
      {"admin.page shows events", "/events", kAnyone, true, true, kGranted},
      {"and what is hot", "/top", kAnyone, true, false, kGranted},
      {"which without it wants the token", "/top", kAnyone, false, true, kTokenWanted},
      {"not to a page that DNS has led here", "/status", kByName, true, false, kForeign},
      {"who then needs the token", "/status", kByName, true, true, kTokenWanted},
      {"admin.page lets nobody purge", "/purge", kAnyone, true, false, kNoToken},
      {"nor without the token", "/purge", kAnyone, true, true, kTokenWanted},
      {"the token purges", "/purge", kToken, false, true, kGranted},
      {"the token does not show tags", "/tags", kToken, true, true, kSocketOnly},
      {"nor what there is not", "/none", kToken, true, true, kSocketOnly},
  }));
  DYNAMIC_SECTION(c.name) {
    CAPTURE(c.path, c.page, c.tokens);
    AdminConfig config;
    config.page = c.page;
    if (c.tokens) config.purge_tokens.emplace_back("purge-token-0123456789");
    CHECK(admin_access(c.path, c.asker, config) == c.expected);
  }
}

TEST_CASE("admin access: names that anyone's DNS may lead here", "[daemon]") {
  struct Host {
    const char* text;
    bool foreign;
  };
  const auto c = GENERATE(values<Host>({{"", false},
                                        {"127.0.0.1", false},
                                        {"127.0.0.1:9100", false},
                                        {"10.1.2.3.", false},
                                        {"[::1]:9100", false},
                                        {"localhost", false},
                                        {"LOCALHOST:80", false},
                                        {"a.localhost:80", false},
                                        {"evil.example", true},
                                        {"evil.example:9100", true},
                                        {"localhost.evil.example", true},
                                        {"127.0.0.1.evil.example", true},
                                        {"notlocalhost", true},
                                        {"1.2.3.4x", true}}));
  CAPTURE(c.text);
  CHECK(is_foreign_name(c.text) == c.foreign);
}

TEST_CASE("admin access: root and the process's own user rule", "[daemon]") {
  CHECK(may_rule(0));
  CHECK(may_rule(::geteuid()));
  CHECK_FALSE(may_rule(::geteuid() + 1));
  CHECK_FALSE(may_rule(std::nullopt));
}
