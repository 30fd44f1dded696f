// SPDX-License-Identifier: Apache-2.0
#include "daemon/tls/tls_handshakes.h"

#include <utility>

#include "conf/base/check.h"
#include "conf/base/log.h"

namespace larder {

/// The user of a transport before its connection: it only hears of the end.
struct TlsHandshakes::Entry final : TransportUser {
  TlsHandshakes* all = nullptr;
  std::unique_ptr<TlsTransport> transport;
  ListenerConfig::Role role{};
  MonotonicTime since{};
  Entries::iterator place;

  void on_bytes(std::string_view) override {}
  void on_end(bool) override {  // a write of the handshake failed
    all->cut(*this, TlsHandshakeResult::left, "the client has closed the connection");
  }
  void on_written(std::size_t) override {}
  void on_closed() override { all->forget(*this); }  // destroys this
};

TlsHandshakes::TlsHandshakes(TlsHandshakeHost& host, TurnLine& turn, const HeldBytes& held,
                             TlsMetrics& metrics, HandshakeReport& report)
    : host_(host), tools_(turn, held), metrics_(metrics), report_(report) {}

TlsHandshakes::~TlsHandshakes() {
  LARDER_CHECK(is_empty());
}

void TlsHandshakes::begin(std::unique_ptr<Transport> socket,
                          std::shared_ptr<const TlsContext> context, ListenerConfig::Role role,
                          unsigned at_most) {
  while (under_way_.size() >= at_most) {
    cut(*under_way_.front(), TlsHandshakeResult::displaced,
        "others have come, and tls.max_handshakes are under way");
  }
  auto owned = std::make_unique<Entry>();
  Entry& entry = *owned;
  entry.all = this;
  TlsHandshakeOwner& owner = *this;
  entry.transport =
      std::make_unique<TlsTransport>(std::move(socket), std::move(context), tools_, owner);
  entry.role = role;
  entry.since = monotonic_now();
  entry.place = under_way_.insert(under_way_.end(), std::move(owned));
  entries_.emplace(entry.transport.get(), &entry);
  metrics_.under_way.add();
  entry.transport->set_user(entry);
  entry.transport->begin_handshake();
}

void TlsHandshakes::on_handshake_done(TlsTransport& transport) {
  Entry& entry = *entries_.at(&transport);
  metrics_.handshakes[static_cast<std::size_t>(TlsHandshakeResult::done)].add();
  metrics_.under_way.sub();
  if (transport.session().is_resumed()) metrics_.resumed.add();
  (transport.session().is_1_3() ? metrics_.version_1_3 : metrics_.version_1_2).add();
  entries_.erase(&transport);
  auto secured = std::move(entry.transport);
  const auto role = entry.role;
  under_way_.erase(entry.place);
  host_.on_secured(std::move(secured), role);
}

void TlsHandshakes::on_handshake_failed(TlsTransport& transport, bool left) {
  Entry& entry = *entries_.at(&transport);
  const TlsSession& session = transport.session();
  if (left) {
    end(entry, TlsHandshakeResult::left, "the client has closed the connection");
  } else if (session.is_plain_http()) {
    end(entry, TlsHandshakeResult::plain_http, "it speaks plain HTTP");
  } else {
    end(entry, TlsHandshakeResult::failed, session.failure());
  }
  transport.close();
}

void TlsHandshakes::sweep(MonotonicTime now, Milliseconds timeout) {
  while (!under_way_.empty() && now.ms - under_way_.front()->since.ms >= timeout) {
    cut(*under_way_.front(), TlsHandshakeResult::timed_out, "tls.handshake_timeout is over");
  }
}

void TlsHandshakes::close_all() {
  while (!under_way_.empty()) cut(*under_way_.front(), TlsHandshakeResult::stopped, {});
}

void TlsHandshakes::cut(Entry& entry, TlsHandshakeResult result, std::string_view why) {
  end(entry, result, why);
  entry.transport->reset();
}

/// It is closed next. `why` is for the log; empty = nothing to say.
void TlsHandshakes::end(Entry& entry, TlsHandshakeResult result, std::string_view why) {
  metrics_.handshakes[static_cast<std::size_t>(result)].add();
  metrics_.under_way.sub();
  closing_.splice(closing_.end(), under_way_, entry.place);
  if (why.empty()) return;
  if (const auto text = report_.note(entry.transport->peer(), why, monotonic_now())) {
    log(LogLevel::warning, "tls", *text);
  }
}

void TlsHandshakes::forget(Entry& entry) {
  entries_.erase(entry.transport.get());
  const auto owned = std::move(*entry.place);
  closing_.erase(entry.place);
  host_.on_handshake_closed();
}

}  // namespace larder
