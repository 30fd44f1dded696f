// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/access_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "conf/base/startup_error.h"

using namespace larder;

namespace {

constexpr std::size_t kBuffer = 1u << 20;

LogConfig config_of(const std::string& path) {
  LogConfig config;
  config.access_log = path;
  config.buffer_bytes = kBuffer;
  return config;
}

AccessRecord record_of(std::string_view target) {
  AccessRecord record;
  record.set_target(target);
  record.set_client("127.0.0.1");
  return record;
}

/// A directory which goes with the test.
class Place {
 public:
  Place() {
    std::string pattern = std::filesystem::temp_directory_path() / "larder-access-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~Place() { std::filesystem::remove_all(path_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  std::string at(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

int lines_in(const std::string& path) {
  std::ifstream in(path);
  int lines = 0;
  for (std::string line; std::getline(in, line);) ++lines;
  return lines;
}

void wait_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace

TEST_CASE("access log: a full ring refuses and counts, a read one takes again", "[daemon]") {
  AccessRing ring(2);
  CHECK(ring.push(record_of("/1")));
  CHECK(ring.push(record_of("/2")));
  CHECK(ring.waiting() == 2);
  CHECK_FALSE(ring.push(record_of("/3")));
  CHECK(ring.lost() == 1);
  AccessRecord out;
  REQUIRE(ring.pop(out));
  CHECK(out.target.text() == "/1");
  CHECK(ring.push(record_of("/3")));
  REQUIRE(ring.pop(out));
  REQUIRE(ring.pop(out));
  CHECK_FALSE(ring.pop(out));
  CHECK(ring.lost() == 1);
}

TEST_CASE("access log: all that was handed over is in the file when the log has ended",
          "[daemon]") {
  const Place place;
  {
    AccessLog log(config_of(place.at("log")), 2);
    for (std::size_t i = 0; i < 100; ++i) REQUIRE(log.ring(i % 2).push(record_of("/x")));
  }
  CHECK(lines_in(place.at("log")) == 100);
}

TEST_CASE("access log: a file that cannot be opened is an error at start", "[daemon]") {
  CHECK_THROWS_AS(AccessLog(config_of("/nonexistent/larder/access.log"), 1), StartupError);
}

TEST_CASE("access log: what a full disk refuses is counted line by line", "[daemon]") {
  AccessLog log(config_of("/dev/full"), 1);
  for (int i = 0; i < 1'000; ++i) REQUIRE(log.ring(0).push(record_of("/x")));
  wait_until([&] { return log.status(monotonic_now()).lost == 1'000; });
  CHECK(log.status(monotonic_now()).trouble == "No space left on device");
}

TEST_CASE("access log: where nobody reads, it ends in time, and each line is written or lost",
          "[daemon]") {
  const Place place;
  REQUIRE(::mkfifo(place.at("log").c_str(), 0600) == 0);
  std::uint64_t lost = 0;
  constexpr std::uint64_t kPushed = 20'000;
  const auto begin = std::chrono::steady_clock::now();
  {
    AccessLog log(config_of(place.at("log")), 1);
    for (std::uint64_t i = 0; i < kPushed; ++i) log.ring(0).push(record_of("/x"));
    wait_until([&] { return !log.status(monotonic_now()).trouble.empty(); });
    lost = log.status(monotonic_now()).lost;
    CHECK(lost > 10'000);
    const Fd reader(::open(place.at("log").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    std::uint64_t lines = 0;
    wait_until([&] {
      char bytes[4'096];
      const auto length = ::read(reader.get(), bytes, sizeof bytes);
      if (length > 0) lines += static_cast<std::uint64_t>(std::count(bytes, bytes + length, '\n'));
      return lines + lost == kPushed;
    });
    CHECK(log.status(monotonic_now()).lost == lost);
    for (std::uint64_t i = 0; i < kPushed; ++i) log.ring(0).push(record_of("/x"));  // to be left
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(60));
}

TEST_CASE("access log: a file is opened again, and kept where it cannot be", "[daemon]") {
  const Place place;
  const std::string path = place.at("log");
  AccessLog log(config_of(path), 1);
  std::filesystem::rename(path, place.at("log.1"));
  log.reopen();
  wait_until([&] { return std::filesystem::exists(path); });
  CHECK(log.ring(0).push(record_of("/x")));
  wait_until([&] { return lines_in(path) == 1; });
  std::filesystem::rename(path, place.at("log.2"));
  std::filesystem::create_directory(path);
  log.reopen();
  CHECK(log.ring(0).push(record_of("/x")));
  wait_until([&] { return lines_in(place.at("log.2")) == 2; });
  CHECK(log.status(monotonic_now()).lost == 0);
  std::filesystem::remove(path);
  log.reopen();
  wait_until([&] { return std::filesystem::exists(path); });
}
