// SPDX-License-Identifier: Apache-2.0
#include "conf/config_surroundings.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <filesystem>
#include <fstream>
#include <functional>

#include "conf/config_file.h"

using namespace larder;
using Catch::Matchers::ContainsSubstring;

namespace {

/// A directory with a file and a folder in it, which goes with the test.
class Place {
 public:
  Place() {
    std::string pattern = std::filesystem::temp_directory_path() / "larder-place-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directory(path_ + "/folder");
    write("file", "text");
  }
  ~Place() { std::filesystem::remove_all(path_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  std::string at(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(at(name)) << text;
    return at(name);
  }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("surroundings: what the machine lacks for a start is told", "[conf]") {
  struct Case {
    const char* name;
    std::function<void(Config&, const Place&)> change;
    std::string says;  ///< empty = nothing is wrong
  };
  const auto c = GENERATE(values<Case>({
      {"nothing", [](Config&, const Place&) {}, ""},
      {"a log in a missing directory",
       [](Config& to, const Place& in) { to.log.access_log = in.at("none/access.log"); },
       "log.access_log"},
      {"a log below a file",
       [](Config& to, const Place& in) { to.log.access_log = in.at("file/access.log"); },
       "is not a directory"},
      {"a log that is a directory",
       [](Config& to, const Place& in) { to.log.access_log = in.at("folder"); },
       "is a directory; name a file, \"stdout\" or \"stderr\""},
      {"a log on stdout by its name",
       [](Config& to, const Place&) { to.log.access_log = "/dev/stdout"; }, ""},
      {"a log by a link to a file",
       [](Config& to, const Place& in) {
         std::filesystem::create_symlink("file", in.at("link"));
         to.log.access_log = in.at("link");
       },
       "is a symbolic link to a file; name a file"},
      {"a log on stderr", [](Config& to, const Place&) { to.log.access_log = "stderr"; }, ""},
      {"an admin socket in a missing directory",
       [](Config& to, const Place& in) { to.admin.socket = in.at("none/admin.sock"); },
       "none does not exist; make that directory"},
      {"an admin socket that is a file",
       [](Config& to, const Place& in) { to.admin.socket = in.at("file"); },
       "is there and is not a socket"},
      {"an admin socket that the service manager makes a directory for",
       [](Config& to, const Place&) { to.admin.socket = "/run/larder-none/admin.sock"; }, ""},
      {"a listener's socket in a missing directory",
       [](Config& to, const Place& in) {
         to.listeners.push_back(
             {.address = {ListenAddress::Family::unix_socket, in.at("none/l.sock"), 0}, .tls = {}});
       },
       "listener.address"},
      {"an address that the host has not",
       [](Config& to, const Place&) {
         to.listeners.push_back(
             {.address = {ListenAddress::Family::tcp, "192.0.2.77", 8080}, .tls = {}});
       },
       "cannot listen on 192.0.2.77:8080: this host has no such address; give one that it has"},
      {"such an address for metrics",
       [](Config& to, const Place&) {
         to.admin.metrics.push_back({ListenAddress::Family::tcp, "192.0.2.77", 9090});
       },
       "cannot listen on 192.0.2.77:9090"},
      {"addresses that every host has",
       [](Config& to, const Place&) {
         for (const char* host : {"0.0.0.0", "127.0.0.1"}) {
           to.listeners.push_back({.address = {ListenAddress::Family::tcp, host, 8080}, .tls = {}});
         }
       },
       ""},
      {"a cache in a missing directory",
       [](Config& to, const Place& in) { to.cache.path = in.at("none/cache"); }, "cache.path"},
      {"a cache to be made", [](Config& to, const Place& in) { to.cache.path = in.at("new"); }, ""},
      {"a cache that is a file", [](Config& to, const Place& in) { to.cache.path = in.at("file"); },
       "is not a directory"},
      {"a cache larger than the disk",
       [](Config& to, const Place&) { to.cache.size = Bytes{1} << 60; }, "the whole disk"},
  }));
  DYNAMIC_SECTION(c.name) {
    const Place place;
    Config config;
    config.cache.path = place.at("folder");
    config.cache.size = 1 << 20;
    c.change(config, place);
    const std::string told = format_mistakes("F", check_surroundings(config));
    CAPTURE(told);
    if (c.says.empty()) {
      CHECK(told.empty());
    } else {
      CHECK_THAT(told, ContainsSubstring(c.says));
    }
  }
}

TEST_CASE("surroundings: upstream.ca_file must hold a certificate", "[conf]") {
  const Place place;
  CHECK(check_ca_file("").empty());
  CHECK(check_ca_file(place.write("ca.pem", "# mine\n-----BEGIN CERTIFICATE-----\nMII\n")).empty());
  const auto told = [&](const std::string& path) {
    return format_mistakes("F", check_ca_file(path));
  };
  CHECK_THAT(told(place.at("none.pem")), ContainsSubstring("does not exist"));
  CHECK_THAT(told(place.at("folder")), ContainsSubstring("is no regular file"));
  CHECK_THAT(told(place.write("empty.pem", "")), ContainsSubstring("is empty"));
  CHECK_THAT(told(place.at("file")), ContainsSubstring("holds no certificate"));
}

TEST_CASE("surroundings: open mode where others may reach it is warned of", "[conf]") {
  struct Case {
    const char* address;
    bool open;
    bool warned;
  };
  const auto c = GENERATE(values<Case>({
      {"0.0.0.0", true, true},
      {"::", true, true},
      {"8.8.8.8", true, true},
      {"127.0.0.1", true, false},
      {"10.1.2.3", true, false},
      {"::1", true, false},
      {"0.0.0.0", false, false},
  }));
  CAPTURE(c.address, c.open);
  Config config;
  config.listeners.push_back({.address = {ListenAddress::Family::tcp, c.address, 8080}, .tls = {}});
  if (!c.open) config.stacks.emplace_back();
  CHECK(warnings_of(config).empty() != c.warned);
}

TEST_CASE("surroundings: what only one of service and start by hand can do is warned of",
          "[conf]") {
  Config config;
  CHECK(only_for_service(config).empty());
  config.admin.socket = "/run/larder-none/admin.sock";
  config.log.access_log = "/dev/shm/access.log";
  config.listeners.push_back(
      {.address = {ListenAddress::Family::tcp, "127.0.0.1", 8080}, .tls = {}});
  config.listeners.push_back({.address = {ListenAddress::Family::tcp, "127.0.0.1", 0}, .tls = {}});
  auto warnings = only_for_service(config);
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0], ContainsSubstring("/run/larder-none is not there yet: larderd.service"));
  config.admin.socket = "";
  config.listeners.push_back({.address = {ListenAddress::Family::tcp, "127.0.0.1", 1}, .tls = {}});
  warnings = only_for_service(config);
  int first = 1'024;
  std::ifstream("/proc/sys/net/ipv4/ip_unprivileged_port_start") >> first;
  REQUIRE(warnings.size() == (first > 1 ? 1 : 0));
  if (first > 1) CHECK_THAT(warnings[0], ContainsSubstring("only root may listen on 127.0.0.1:1:"));
}

TEST_CASE("surroundings: a check that would be followed by a failing start is not ok", "[conf]") {
  const Place place;
  const std::string cache = "[cache]\npath = \"" + place.at("folder") + "\"\nsize = \"1MiB\"\n";
  const ConfigReport good = check_config_file(place.write("good.toml", cache));
  CAPTURE(good.text);
  CHECK(good.ok);
  const ConfigReport bad = check_config_file(place.write(
      "bad.toml", cache + "[log]\naccess_log = \"" + place.at("none/access.log") + "\"\n"));
  CHECK_FALSE(bad.ok);
  CHECK_THAT(bad.text, ContainsSubstring("does not exist; make that directory"));
  const ConfigReport open = check_config_file(
      place.write("open.toml", cache + "[[listener]]\naddress = \"0.0.0.0:8080\"\n"));
  CHECK(open.ok);
  CHECK_THAT(open.text, ContainsSubstring("warning: open mode on 0.0.0.0:8080"));
}
