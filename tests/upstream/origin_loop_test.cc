// SPDX-License-Identifier: Apache-2.0
#include "upstream/origin_loop.h"

#include <linux/filter.h>
#include <poll.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include "tests/tiny_origin.h"

namespace {

/// Collects what a transfer tells, and stops the loop at its end.
struct Collector final : larder::TransferSink {
  explicit Collector(larder::UvLoop& at) : loop(at) {}
  void on_progress(larder::TransferProgress progress) override {
    if (progress.head != nullptr) status = progress.head->status;
    if (progress.head == nullptr && progress.body.empty() && !progress.ended) ++empty;
    body += progress.body;
    framed = progress.framed;
    error = progress.error;
    if (progress.ended) {
      ++ended;
      if (ended == expected) loop.stop();
    }
  }
  larder::UvLoop& loop;
  int expected = 1;
  int status = 0;
  int ended = 0;
  int empty = 0;  ///< calls that told nothing
  bool framed = false;
  std::string body;
  std::optional<larder::OriginError> error;
};

larder::UpstreamConfig config_for_tests() {
  larder::UpstreamConfig config;
  config.allow_plain_http = true;
  config.allow_private_addresses = true;
  return config;
}

larder::OriginRequest request_to(const TinyOrigin& origin) {
  return {.host = origin.base(), .url = origin.base() + "/x", .headers = {}};
}

/// An origin that the test itself serves, between turns of the loop, on its first connection.
class ServedOrigin {
 public:
  ServedOrigin() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener_, 4) == 0);
    socklen_t length = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    base_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~ServedOrigin() {
    for (const int descriptor : {listener_, peer_, other_}) {
      if (descriptor >= 0) ::close(descriptor);
    }
  }
  ServedOrigin(const ServedOrigin&) = delete;
  ServedOrigin& operator=(const ServedOrigin&) = delete;

  larder::OriginRequest request() const {
    return {.host = base_, .url = base_ + "/x", .headers = {}};
  }
  bool took_request() {
    if (peer_ < 0) peer_ = accept();
    std::array<char, 4'096> bytes{};
    return peer_ >= 0 && ::recv(peer_, bytes.data(), bytes.size(), 0) > 0;
  }
  void answer(const std::string& body) const {
    const auto bytes =
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    REQUIRE(::send(peer_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  }
  /// From here on every packet of the client is dropped without a word.
  void forget() const {
    sock_filter drop{BPF_RET | BPF_K, 0, 0, 0};
    const sock_fprog program{1, &drop};
    REQUIRE(::setsockopt(peer_, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0);
  }
  /// Has the client closed the connection, or reset it?
  bool sees_the_end() const {
    char byte = 0;
    const auto count = ::recv(peer_, &byte, 1, MSG_DONTWAIT);
    return count == 0 || (count < 0 && errno != EAGAIN);
  }
  void send(std::string_view bytes) const {
    REQUIRE(::send(peer_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  }
  bool has_another_connection() {
    if (other_ < 0) other_ = accept();
    return other_ >= 0;
  }

 private:
  int accept() const {
    return ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  }
  int listener_;
  int peer_ = -1;
  int other_ = -1;
  std::string base_;
};

}  // namespace

TEST_CASE("origin loop: a transfer tells head, body and a proven end", "[upstream]") {
  const TinyOrigin origin("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  const auto config = config_for_tests();
  larder::UvLoop loop;
  larder::OriginLoop curl(loop.get(), config);
  Collector sink(loop);
  REQUIRE(curl.start(request_to(origin), &sink, larder::Lane::visitor));
  loop.run();
  CHECK(sink.status == 200);
  CHECK(sink.body == "hello");
  CHECK(sink.framed);
  CHECK_FALSE(sink.error);
}

TEST_CASE("origin loop: interim answers are no answer", "[upstream]") {
  const TinyOrigin origin(
      "HTTP/1.1 103 Early\r\nSet-Cookie: a=b\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: "
      "2\r\n\r\n{}");
  const auto config = config_for_tests();
  larder::UvLoop loop;
  larder::OriginLoop curl(loop.get(), config);
  Collector sink(loop);
  curl.start(request_to(origin), &sink, larder::Lane::visitor);
  loop.run();
  CHECK(sink.status == 404);
  CHECK(sink.body == "{}");
}

TEST_CASE("origin loop: a body cut short is an error, one ended by the connection is not framed",
          "[upstream]") {
  const auto config = config_for_tests();
  larder::UvLoop loop;
  larder::OriginLoop curl(loop.get(), config);
  SECTION("Content-Length not reached") {
    const TinyOrigin origin("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello");
    Collector sink(loop);
    curl.start(request_to(origin), &sink, larder::Lane::visitor);
    loop.run();
    CHECK(sink.error);
  }
  SECTION("last chunk missing") {
    const TinyOrigin origin("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    Collector sink(loop);
    curl.start(request_to(origin), &sink, larder::Lane::visitor);
    loop.run();
    CHECK(sink.error);
  }
  SECTION("neither length nor chunks") {
    const TinyOrigin origin("HTTP/1.1 200 OK\r\n\r\nhello");
    Collector sink(loop);
    curl.start(request_to(origin), &sink, larder::Lane::visitor);
    loop.run();
    CHECK_FALSE(sink.error);
    CHECK_FALSE(sink.framed);
  }
}

TEST_CASE("origin loop: bodies and headers beyond their bounds are cut off with an error",
          "[upstream]") {
  auto config = config_for_tests();
  config.max_response_body_bytes = 4;
  config.max_response_header_bytes = 100;
  larder::UvLoop loop;
  larder::OriginLoop curl(loop.get(), config);
  const auto bytes = GENERATE_COPY(
      as<std::string>{},
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nA: " + std::string(200, 'a') + "\r\nContent-Length: 0\r\n\r\n");
  CAPTURE(bytes);
  const TinyOrigin origin(bytes);
  Collector sink(loop);
  curl.start(request_to(origin), &sink, larder::Lane::visitor);
  loop.run();
  CHECK(sink.error);
}

TEST_CASE("origin loop: transfers beyond the host's places wait, beyond the queue they are refused",
          "[upstream]") {
  const TinyOrigin origin("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  auto config = config_for_tests();
  config.max_connections_per_host = 1;
  config.max_queue_per_host = 1;
  larder::UvLoop loop;
  larder::OriginLoop curl(loop.get(), config);
  Collector sink(loop);
  sink.expected = 2;
  CHECK(curl.start(request_to(origin), &sink, larder::Lane::visitor));
  CHECK(curl.start(request_to(origin), &sink, larder::Lane::visitor));
  CHECK_FALSE(curl.start(request_to(origin), &sink, larder::Lane::visitor));
  loop.run();
  CHECK(sink.ended == 2);
  CHECK(curl.stats().refused == 1);
}

TEST_CASE("origin loop: private addresses and plain http are refused unless allowed",
          "[upstream]") {
  const TinyOrigin origin("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  auto config = config_for_tests();
  SECTION("private") {
    config.allow_private_addresses = false;
  }
  SECTION("http") {
    config.allow_plain_http = false;
  }
  larder::UvLoop loop;
  larder::OriginLoop curl(loop.get(), config);
  Collector sink(loop);
  curl.start(request_to(origin), &sink, larder::Lane::visitor);
  loop.run();
  CHECK(sink.error);
  CHECK(sink.body.empty());
}

TEST_CASE("origin loop: abandoned transfers tell nothing and leave an empty loop", "[upstream]") {
  const TinyOrigin origin("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  const auto config = config_for_tests();
  larder::UvLoop loop;
  {
    larder::OriginLoop curl(loop.get(), config);
    Collector sink(loop);
    auto* transfer = *curl.start(request_to(origin), &sink, larder::Lane::visitor);
    curl.abandon(transfer);
    curl.start(request_to(origin), &sink, larder::Lane::visitor);  // abandoned by the destructor
    CHECK(sink.ended == 0);
  }
  loop.run();
}

TEST_CASE(
    "origin loop: a head that comes in pieces, behind interim answers, is told once and whole",
    "[upstream]") {
  ServedOrigin origin;
  const auto config = config_for_tests();
  larder::UvLoop loop;
  larder::OriginLoop origins(loop.get(), config);
  Collector sink(loop);
  origins.start(origin.request(), &sink, larder::Lane::visitor);
  while (!origin.took_request()) uv_run(loop.get(), UV_RUN_NOWAIT);
  for (const std::string_view piece : {"HTTP/1.1 103 Early\r\n\r\n", "HTTP/1.1 20",
                                       "0 OK\r\nContent-Le", "ngth: 5\r\n", "\r\nhe", "llo"}) {
    origin.send(piece);
    for (int turns = 0; turns < 20; ++turns) uv_run(loop.get(), UV_RUN_NOWAIT);
  }
  while (sink.ended == 0) uv_run(loop.get(), UV_RUN_NOWAIT);
  CHECK(sink.status == 200);
  CHECK(sink.body == "hello");
  CHECK(sink.empty == 0);
}

TEST_CASE("origin loop: bytes on a kept connection end it, and the next request gets a new one",
          "[upstream]") {
  ServedOrigin origin;
  const auto config = config_for_tests();
  larder::UvLoop loop;
  larder::OriginLoop curl(loop.get(), config);
  const auto alive = larder::make_timer(loop.get(), nullptr);  // though no transfer runs
  uv_timer_start(
      alive.get(), [](uv_timer_t*) {}, 3'600'000, 0);
  Collector first(loop), second(loop), third(loop);
  const auto turn = [&] { uv_run(loop.get(), UV_RUN_NOWAIT); };
  curl.start(origin.request(), &first, larder::Lane::visitor);
  while (!origin.took_request()) turn();
  origin.answer("first");
  while (first.ended == 0) turn();

  curl.start(origin.request(), &second, larder::Lane::visitor);
  while (!origin.took_request()) turn();
  origin.answer("second");
  while (second.ended == 0) turn();
  CHECK(second.body == "second");

  origin.answer("stray");
  while (!origin.sees_the_end()) turn();
  curl.start(origin.request(), &third, larder::Lane::visitor);
  while (third.ended == 0 && !origin.has_another_connection()) turn();
  CHECK(third.ended == 0);
}

TEST_CASE("origin loop: a request that is not acknowledged on a kept connection gets a new one",
          "[upstream]") {
  ServedOrigin origin;
  auto config = config_for_tests();
  config.acknowledge_timeout_ms = 100;
  larder::UvLoop loop;
  larder::OriginLoop origins(loop.get(), config);
  Collector first(loop), second(loop);
  const auto turn = [&] { uv_run(loop.get(), UV_RUN_NOWAIT); };
  origins.start(origin.request(), &first, larder::Lane::visitor);
  while (!origin.took_request()) turn();
  origin.answer("first");
  while (first.ended == 0) turn();

  const bool dead = GENERATE(true, false);
  if (dead) origin.forget();
  const auto started = larder::monotonic_now();
  origins.start(origin.request(), &second, larder::Lane::visitor);
  const std::int64_t patience_ms = dead ? 5'000 : 600;  // one that is slow was acknowledged
  while (!origin.has_another_connection() &&
         larder::monotonic_now().ms - started.ms < patience_ms) {
    turn();
  }
  CHECK(origin.has_another_connection() == dead);
  CHECK(second.ended == 0);
}

TEST_CASE("origin loop: bytes on an idle connection leave the loop asleep, and are no answer",
          "[upstream]") {
  ServedOrigin origin;
  const auto config = config_for_tests();
  larder::UvLoop loop;
  larder::OriginLoop curl(loop.get(), config);
  const auto alive = larder::make_timer(loop.get(), nullptr);  // though no transfer runs
  uv_timer_start(
      alive.get(), [](uv_timer_t*) {}, 3'600'000, 0);
  Collector first(loop), second(loop);
  const auto turn = [&] { uv_run(loop.get(), UV_RUN_NOWAIT); };
  curl.start(origin.request(), &first, larder::Lane::visitor);
  while (!origin.took_request()) turn();
  origin.answer("first");
  while (first.ended == 0) turn();

  origin.answer("stray");
  int turns = 0;
  pollfd ready{.fd = uv_backend_fd(loop.get()), .events = POLLIN, .revents = 0};
  for (; turns < 100 && ::poll(&ready, 1, 0) != 0; ++turns) turn();
  CHECK(turns < 100);
  curl.start(origin.request(), &second, larder::Lane::visitor);
  while (second.ended == 0 && !origin.has_another_connection()) turn();
  CHECK(second.ended == 0);
}

// The resolver's descriptors and those of connections get the same numbers by turns, and the former
// are closed unseen.
TEST_CASE("origin loop: a host is looked up and connected to anew for each transfer",
          "[upstream]") {
  const TinyOrigin origin("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
  auto config = config_for_tests();
  config.dns_cache_s = 0;
  larder::UvLoop loop;
  larder::OriginLoop curl(loop.get(), config);
  const std::string base = "http://localhost" + origin.base().substr(origin.base().rfind(':'));
  for (int i = 0; i < 30; ++i) {
    CAPTURE(i);
    Collector one(loop), other(loop);
    curl.start({.host = base, .url = base + "/x", .headers = {}}, &one, larder::Lane::visitor);
    curl.start({.host = base, .url = base + "/y", .headers = {}}, &other, larder::Lane::visitor);
    while (one.ended == 0 || other.ended == 0) uv_run(loop.get(), UV_RUN_ONCE);
    CHECK_FALSE(one.error);
    CHECK_FALSE(other.error);
    CHECK(one.body == "hello");
    CHECK(other.body == "hello");
  }
}

/// A port at which nobody gets through, as at a host that drops what it is sent.
class DeafOrigin {
 public:
  DeafOrigin() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* at = reinterpret_cast<sockaddr*>(&address);
    sockets_.front() = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::bind(sockets_.front(), at, sizeof address) == 0);
    REQUIRE(::listen(sockets_.front(), 0) == 0);
    socklen_t length = sizeof address;
    ::getsockname(sockets_.front(), at, &length);
    base_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    for (std::size_t i = 1; i < sockets_.size(); ++i) {  // they fill its queue
      sockets_[i] = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      ::connect(sockets_[i], at, sizeof address);
    }
  }
  ~DeafOrigin() {
    for (const int socket : sockets_) ::close(socket);
  }
  DeafOrigin(const DeafOrigin&) = delete;
  DeafOrigin& operator=(const DeafOrigin&) = delete;
  const std::string& base() const { return base_; }

 private:
  std::array<int, 4> sockets_{};
  std::string base_;
};

// Where libcurl closes the socket unseen, the next one gets its number.
TEST_CASE(
    "origin loop: a socket that never connected is nobody's any more, for any loop of the thread",
    "[upstream]") {
  const DeafOrigin deaf;
  ServedOrigin origin;
  auto config = config_for_tests();
  config.connect_timeout_ms = 100;
  larder::UvLoop loop;
  larder::OriginLoop curl(loop.get(), config), other(loop.get(), config);
  Collector failing(loop), fetching(loop);
  const larder::OriginRequest unheard{
      .host = deaf.base(), .url = deaf.base() + "/x", .headers = {}};
  SECTION("that of a connect that took too long") {
    curl.start(unheard, &failing, larder::Lane::visitor);
    loop.run();
    REQUIRE(failing.error);
  }
  SECTION("that of a transfer abandoned before") {
    auto* transfer = *curl.start(unheard, &failing, larder::Lane::visitor);
    for (int i = 0; i < 5; ++i) uv_run(loop.get(), UV_RUN_NOWAIT);
    curl.abandon(transfer);
  }
  auto& next = GENERATE(true, false) ? other : curl;
  next.start(origin.request(), &fetching, larder::Lane::visitor);
  // All is there at once: far less time goes by than libcurl's timers would take to look anyway.
  const auto soon = [&](auto happened) {
    for (int turns = 0; turns < 2'000; ++turns) {
      if (happened()) return true;
      uv_run(loop.get(), UV_RUN_NOWAIT);
    }
    return false;
  };
  REQUIRE(soon([&] { return origin.took_request(); }));
  CHECK_FALSE(soon([&] { return fetching.ended > 0; }));
  origin.answer("hello");
  REQUIRE(soon([&] { return fetching.ended > 0; }));
  CHECK(fetching.body == "hello");
}

TEST_CASE("origin loop: other settings count for the transfers to come", "[upstream]") {
  const auto answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
  const TinyOrigin origin(answer), again(answer);
  auto config = config_for_tests();
  larder::UvLoop loop;
  larder::OriginLoop curl(loop.get(), config);
  Collector begun(loop), later(loop);
  curl.start(request_to(origin), &begun, larder::Lane::visitor);
  config.max_response_body_bytes = 4;
  curl.use(config);
  loop.run();
  CHECK_FALSE(begun.error);
  CHECK(begun.body == "hello");
  curl.start(request_to(again), &later, larder::Lane::visitor);
  loop.run();
  CHECK(later.error);
}

TEST_CASE("origin loop: those who wait for a place get it once there are more", "[upstream]") {
  const DeafOrigin deaf;
  auto config = config_for_tests();
  config.max_connections_per_host = 1;
  larder::UvLoop loop;
  larder::OriginLoop curl(loop.get(), config);
  Collector first(loop), second(loop), third(loop);
  const larder::OriginRequest unheard{
      .host = deaf.base(), .url = deaf.base() + "/x", .headers = {}};
  for (Collector* sink : {&first, &second, &third}) {
    REQUIRE(curl.start(unheard, sink, larder::Lane::visitor));
  }
  REQUIRE(curl.stats().running == 1);
  config.max_connections_per_host = 2;
  curl.use(config);
  for (int turns = 0; turns < 100 && curl.stats().running < 2; ++turns) {
    uv_run(loop.get(), UV_RUN_NOWAIT);
  }
  CHECK(curl.stats().running == 2);
  CHECK(curl.stats().queued == 1);
  config.max_connections_per_host = 1;
  config.max_queue_per_host = 1;
  curl.use(config);
  CHECK_FALSE(curl.start(unheard, &third, larder::Lane::visitor));
}
