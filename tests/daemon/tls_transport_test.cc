// SPDX-License-Identifier: Apache-2.0
#include "daemon/tls/tls_transport.h"

#include <openssl/ssl.h>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/conf/test_pem.h"
#include "tests/daemon/client_fakes.h"

using namespace larder;
using namespace larder::test;
using namespace larder::test_pem;

namespace {

std::shared_ptr<const TlsContext> make_context() {
  const Folder folder;
  const Pem pem = make_pem();
  const TlsConfig config;
  auto made =
      TlsContext::make({{folder.write("a.pem", pem.certificate), folder.write("a.key", pem.key)}},
                       make_ticket_keys(config), config, kNow);
  REQUIRE(made);
  return *made;
}

/// OpenSSL's client between strings.
class Client {
 public:
  explicit Client(int version)
      : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
        ssl_(SSL_new(context_.get()), SSL_free),
        in_(BIO_new(BIO_s_mem())),
        out_(BIO_new(BIO_s_mem())) {
    SSL_set_max_proto_version(ssl_.get(), version);
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_connect_state(ssl_.get());
  }

  /// What it sends first, or in answer to `bytes`.
  std::string shake(std::string_view bytes) {
    BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
    const int outcome = SSL_do_handshake(ssl_.get());
    CHECK((outcome == 1 || SSL_get_error(ssl_.get(), outcome) == SSL_ERROR_WANT_READ));
    return sent();
  }
  std::string seal(std::string_view text) {
    SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
    return sent();
  }
  std::string seal_end() {
    SSL_shutdown(ssl_.get());
    return sent();
  }
  /// All that `bytes` hold.
  std::string open(std::string_view bytes) {
    BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
    std::string text;
    std::array<char, 20'000> room;
    int count = 0;
    while ((count = SSL_read(ssl_.get(), room.data(), room.size())) > 0) {
      text.append(room.data(), static_cast<std::size_t>(count));
    }
    ended_ = SSL_get_error(ssl_.get(), count) == SSL_ERROR_ZERO_RETURN;
    return text;
  }
  bool has_ended() const { return ended_; }  ///< close_notify has come

 private:
  std::string sent() {
    char* data = nullptr;
    const long size = BIO_get_mem_data(out_, &data);
    std::string bytes(data, static_cast<std::size_t>(size));
    (void)BIO_reset(out_);
    return bytes;
  }

  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
  BIO* in_;
  BIO* out_;
  bool ended_ = false;
};

struct User final : TransportUser {
  void on_bytes(std::string_view bytes) override {
    got += bytes;
    if (stops) transport->stop_reading();
  }
  void on_end(bool broken) override { (broken ? broken_ends : good_ends) += 1; }
  void on_written(std::size_t bytes) override { written += bytes; }
  void on_closed() override {}
  Transport* transport = nullptr;
  std::string got;
  bool stops = false;  ///< after each piece
  unsigned good_ends = 0, broken_ends = 0;
  std::size_t written = 0;
};

/// One connection, and what is around it.
struct Bench final : TlsHandshakeOwner {
  explicit Bench(int version = TLS1_3_VERSION) : client(version) {
    auto made = std::make_unique<FakeTransport>();
    socket = made.get();
    TlsHandshakeOwner& owner = *this;
    transport = std::make_unique<TlsTransport>(std::move(made), make_context(), tools, owner);
    transport->begin_handshake();
  }
  ~Bench() override { transport->close(); }

  void on_handshake_done(TlsTransport& done) override {
    user.transport = &done;
    done.set_user(user);
    done.start_reading();
  }
  void on_handshake_failed(TlsTransport&, bool left) override { (left ? lefts : failures) += 1; }

  void deliver(std::string_view bytes) { socket->user().on_bytes(bytes); }
  std::string take_sent() { return std::exchange(socket->sent, {}); }
  void shake_hands() {
    deliver(client.shake({}));
    turn.begin_turn();  // a signature may take the whole of one
    deliver(client.shake(take_sent()));
    CHECK(client.open(take_sent()).empty());  // the ticket
    REQUIRE(user.transport != nullptr);
  }

  TurnLine turn;
  HeldBytes held{1 << 20, 1 << 20};
  TlsTools tools{turn, held};
  FakeTransport* socket = nullptr;
  std::unique_ptr<TlsTransport> transport;
  Client client;
  User user;
  unsigned failures = 0, lefts = 0;
};

OutPiece piece_of(std::string_view text) {
  return {.owner = std::string(text)};
}

}  // namespace

TEST_CASE("TLS transport: what is written arrives whole, however little the socket takes",
          "[tls]") {
  Bench bench(GENERATE(TLS1_2_VERSION, TLS1_3_VERSION));
  bench.shake_hands();
  const std::size_t room = GENERATE(0, 1, 500, 20'000, 70'000, FakeTransport::kAll);
  const std::size_t size = GENERATE(1, 1'000, 16'384, 16'385, 200'000);
  CAPTURE(room, size);
  std::string text(size, 'a');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 23);
  const std::string head = "head";
  bench.socket->room = room;
  const std::array<std::string_view, 3> pieces{std::string_view(), head, text};
  const auto taken = bench.transport->try_write(pieces);
  REQUIRE(taken);
  REQUIRE(*taken <= head.size() + size);
  const std::string rest = (head + text).substr(*taken);
  std::string sealed = bench.take_sent();
  if (!rest.empty()) {
    const std::string_view again = rest;
    CHECK(*bench.transport->try_write({&again, 1}) == 0);
    std::vector<OutPiece> owned;
    owned.push_back(piece_of(std::string_view(rest).substr(0, rest.size() / 2)));
    owned.push_back(piece_of(std::string_view(rest).substr(rest.size() / 2)));
    bench.transport->write(std::move(owned));
    CHECK(bench.user.written == 0);
    CHECK(bench.transport->unsent() > 0);
    CHECK(bench.held.output() > 0);
    for (unsigned i = 0; i < 1'000 && bench.user.written == 0; ++i) bench.socket->take(1'000);
    CHECK(bench.user.written == rest.size());
  }
  CHECK(bench.transport->unsent() == 0);
  CHECK(bench.held.output() == 0);
  sealed += bench.take_sent();
  CHECK(bench.client.open(sealed) == head + text);
  CHECK(bench.user.broken_ends == 0);
}

TEST_CASE("TLS transport: a small answer of two pieces is one record in one call", "[tls]") {
  Bench bench;
  bench.shake_hands();
  const unsigned before = bench.socket->try_writes;
  const std::array<std::string_view, 2> pieces{"head", "body"};
  REQUIRE(*bench.transport->try_write(pieces) == 8);
  CHECK(bench.socket->try_writes == before + 1);
  CHECK(bench.socket->sent.size() == 8 + 22);
}

TEST_CASE("TLS transport: a handshake waits for a later turn when this one has done enough",
          "[tls]") {
  Bench bench;
  bench.turn.spend(TurnLine::kTurnBytes);
  bench.deliver(bench.client.shake({}));
  CHECK(bench.socket->sent.empty());
  CHECK_FALSE(bench.socket->is_reading);
  CHECK(bench.held.output() > 0);
  bench.turn.run();
  CHECK(bench.socket->sent.empty());
  bench.turn.begin_turn();
  bench.turn.run();
  CHECK_FALSE(bench.socket->sent.empty());
  CHECK(bench.socket->is_reading);
  CHECK(bench.held.output() == 0);
  bench.turn.begin_turn();
  bench.deliver(bench.client.shake(bench.take_sent()));
  CHECK(bench.user.transport != nullptr);
}

TEST_CASE("TLS transport: a connection that closes while it waits leaves the line", "[tls]") {
  Bench bench;
  bench.turn.spend(TurnLine::kTurnBytes);
  bench.deliver(bench.client.shake({}));
  REQUIRE_FALSE(bench.turn.is_empty());
  bench.transport->reset();
  CHECK(bench.turn.is_empty());
}

TEST_CASE("TLS transport: what comes while the user does not read is kept for a later turn",
          "[tls]") {
  Bench bench;
  bench.shake_hands();
  bench.user.stops = true;
  std::string both = bench.client.seal("one");
  both += bench.client.seal("two");
  bench.deliver(both);
  CHECK(bench.user.got == "one");
  CHECK_FALSE(bench.socket->is_reading);
  CHECK(bench.held.output() > 0);
  bench.transport->start_reading();
  CHECK(bench.user.got == "one");  // not from within the user's call
  bench.turn.begin_turn();
  bench.turn.run();
  CHECK(bench.user.got == "onetwo");
  bench.transport->start_reading();
  CHECK(bench.socket->is_reading);
}

TEST_CASE("TLS transport: a request right behind the handshake is read", "[tls]") {
  Bench bench;
  bench.deliver(bench.client.shake({}));
  bench.turn.begin_turn();
  const std::string finished = bench.client.shake(bench.take_sent());
  bench.deliver(finished + bench.client.seal("request"));
  CHECK(bench.user.got == "request");
}

TEST_CASE("TLS transport: close_notify is a good end, the end of the stream alone is not",
          "[tls]") {
  Bench bench;
  bench.shake_hands();
  if (GENERATE(true, false)) {
    bench.deliver(bench.client.seal_end());
    bench.socket->user().on_end(false);
    CHECK(bench.user.good_ends == 1);
    CHECK(bench.user.broken_ends == 0);
    const std::string_view text = "it still reads";
    CHECK(*bench.transport->try_write({&text, 1}) == text.size());
    CHECK(bench.client.open(bench.take_sent()) == text);
  } else {
    bench.socket->user().on_end(false);
    CHECK(bench.user.good_ends == 0);
    CHECK(bench.user.broken_ends == 1);
  }
}

TEST_CASE("TLS transport: closing ends the session well, a reset does not", "[tls]") {
  Bench bench;
  bench.shake_hands();
  const bool well = GENERATE(true, false);
  if (well) {
    bench.transport->close();
  } else {
    bench.transport->reset();
  }
  CHECK(bench.socket->is_closed);
  CHECK(bench.socket->was_reset == !well);
  bench.client.open(bench.take_sent());
  CHECK(bench.client.has_ended() == well);
}

TEST_CASE("TLS transport: bytes that are no TLS fail the handshake, those of HTTP with an answer",
          "[tls]") {
  Bench bench;
  const bool http = GENERATE(true, false);
  bench.deliver(http ? "GET / HTTP/1.1\r\nHost: a\r\n\r\n" : "SSH-2.0-OpenSSH_9.2\r\n");
  CHECK(bench.failures == 1);
  CHECK(bench.transport->session().is_plain_http() == http);
  CHECK(bench.socket->sent.starts_with("HTTP/1.1 400 ") == http);
}

TEST_CASE("TLS transport: a broken socket is a broken end", "[tls]") {
  Bench bench;
  bench.shake_hands();
  bench.socket->broken = true;
  const std::string_view text = "text";
  CHECK_FALSE(bench.transport->try_write({&text, 1}));
}
