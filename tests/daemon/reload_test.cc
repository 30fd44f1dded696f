// SPDX-License-Identifier: Apache-2.0
#include "daemon/reload.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "conf/config_file.h"
#include "tests/cache/store_fixture.h"

namespace {

using Catch::Matchers::ContainsSubstring;
using larder::Reload;
using larder::Reloader;

struct File {
  larder::test::TemporaryDirectory directory;
  std::string path = directory.path() + "/larder.toml";

  void write(const std::string& text) const { std::ofstream(path) << text; }
  larder::SettingsPtr settings() const {
    return std::make_shared<const larder::Settings>(larder::Settings{larder::load_config(path), 1});
  }
};

nlohmann::json status(const Reloader& reloader) {
  return nlohmann::json::parse(reloader.status_json());
}

}  // namespace

TEST_CASE("reload: without a file nothing is read", "[daemon]") {
  Reloader reloader("", std::make_shared<const larder::Settings>());
  CHECK(status(reloader)["last_reload"]["result"] == "none");
  Reload reload = reloader.read();
  CHECK(reload.result == Reload::Result::no_file);
  CHECK(reload.plan.next == nullptr);
  reloader.settle(std::move(reload));
  CHECK(status(reloader)["last_reload"]["result"] == "no file");
  CHECK(status(reloader)["generation"] == 1);
}

TEST_CASE("reload: a generation counts once it is settled", "[daemon]") {
  const File file;
  file.write("[ttl.entry]\nfresh = \"1s\"\n");
  Reloader reloader(file.path, file.settings());
  file.write("[ttl.entry]\nfresh = \"2s\"\n[server]\nworkers = 3\n");
  Reload second = reloader.read();
  REQUIRE(second.result == Reload::Result::applied);
  CHECK(second.plan.next->generation == 2);
  CHECK(status(reloader)["generation"] == 1);
  file.write("[ttl.entry]\nfresh = \"3s\"\n");
  Reload third = reloader.read();  // before the second is in force everywhere
  REQUIRE(third.result == Reload::Result::applied);
  CHECK(third.plan.next->generation == 3);
  reloader.settle(std::move(second));
  CHECK(status(reloader)["generation"] == 2);
  CHECK(status(reloader)["last_reload"]["applied"] == nlohmann::json{"ttl.entry.fresh"});
  CHECK(status(reloader)["last_reload"]["needs_restart"] == nlohmann::json{"server.workers"});
  reloader.settle(std::move(third));
  CHECK(status(reloader)["generation"] == 3);
  CHECK(status(reloader)["last_reload"]["needs_restart"].empty());
  Reload again = reloader.read();
  CHECK(again.result == Reload::Result::unchanged);
}

TEST_CASE("reload: mistakes come with file, line and remedy, and change nothing", "[daemon]") {
  const File file;
  file.write("");
  Reloader reloader(file.path, file.settings());
  file.write("[ttl.entry]\nfresh = \"2s\"\n[server]\nworkers = \"many\"\nidle = 3\n");
  Reload reload = reloader.read();
  CHECK(reload.result == Reload::Result::failed);
  CHECK(reload.plan.next == nullptr);
  REQUIRE(reload.mistakes.size() == 2);
  CHECK_THAT(reload.mistakes[0],
             ContainsSubstring(file.path + ":4: server.workers") && ContainsSubstring("; "));
  CHECK_THAT(reload.mistakes[1], ContainsSubstring(file.path + ":5: "));
  reloader.settle(std::move(reload));
  CHECK(status(reloader)["generation"] == 1);
  CHECK(status(reloader)["last_reload"]["result"] == "failed");
  CHECK(status(reloader)["last_reload"]["mistakes"] == 2);
  ::remove(file.path.c_str());
  reload = reloader.read();
  CHECK(reload.result == Reload::Result::failed);
  REQUIRE(reload.mistakes.size() == 1);
  CHECK_THAT(reload.mistakes[0], ContainsSubstring(file.path));
  file.write("[ttl.entry]\nfresh = \"2s\"\n");
  CHECK(reloader.read().result == Reload::Result::applied);
}

TEST_CASE("reload: who has ordered it is told once it is settled, with each mistake", "[daemon]") {
  const File file;
  file.write("[ttl.entry]\nfresh = \"1s\"\n");
  Reloader reloader(file.path, file.settings());
  CHECK_FALSE(reloader.has_refused());
  file.write("[ttl.entry]\nfresh = \"2s\"\n");
  Reload applied = reloader.read();
  std::string told;
  applied.done = [&] { told = reloader.last_json(); };
  CHECK(told.empty());
  reloader.settle(std::move(applied));
  const auto json = nlohmann::json::parse(told);
  CHECK(json["result"] == "applied");
  CHECK(json["generation"] == 2);
  REQUIRE(json["applied"].size() == 1);
  CHECK_THAT(json["applied"][0].get<std::string>(), ContainsSubstring("ttl.entry.fresh"));
  CHECK(json["mistakes"].empty());

  Reload renewed = reloader.read();
  renewed.renewed = {"one.pem was renewed"};
  reloader.settle(std::move(renewed));
  CHECK_FALSE(reloader.has_refused());
  Reload kept = reloader.read();
  kept.kept = {"127.0.0.1:443 keeps its certificates: cs0123456789abcdef01234567"};
  reloader.settle(std::move(kept));
  CHECK(reloader.has_refused());
  CHECK_THAT(
      reloader.last_json(),
      ContainsSubstring(R"("certificates_renewed":[],"certificates_kept":["127.0.0.1:443 keeps)") &&
          !ContainsSubstring("cs0123456789abcdef01234567"));

  file.write("[ttl.entry]\nfresh = \"2 moons\"\naccess_token = \"cs0123456789abcdef01234567\"\n");
  reloader.settle(reloader.read());
  CHECK(reloader.has_refused());
  const auto failed = nlohmann::json::parse(reloader.last_json());
  CHECK(failed["result"] == "failed");
  CHECK(failed["generation"] == 2);
  REQUIRE(failed["mistakes"].size() >= 1);
  CHECK_THAT(failed["mistakes"][0].get<std::string>(), ContainsSubstring(file.path + ":2: "));
  CHECK_THAT(reloader.last_json(), !ContainsSubstring("cs0123456789abcdef01234567"));
}
