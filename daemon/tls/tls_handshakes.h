// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "conf/base/clock.h"
#include "conf/config.h"
#include "daemon/client/turn_line.h"
#include "daemon/http1/transport.h"
#include "daemon/tls/handshake_report.h"
#include "daemon/tls/tls_context.h"
#include "daemon/tls/tls_transport.h"
#include "daemon/watch/metrics.h"

namespace larder {

/// Whoever takes connections on when their handshake is over.
class TlsHandshakeHost {
 public:
  virtual ~TlsHandshakeHost() = default;
  /// Give it its user before anything else.
  virtual void on_secured(std::unique_ptr<Transport> transport, ListenerConfig::Role role) = 0;
  /// One that failed has closed.
  virtual void on_handshake_closed() = 0;
};

/// The handshakes that are under way at one worker, in the order in which they began, so that those
/// over their deadline, or the one that gives way at the bound, are the first ones. On its loop
/// only.
class TlsHandshakes final : private TlsHandshakeOwner {
 public:
  /// All outlive it.
  TlsHandshakes(TlsHandshakeHost& host, TurnLine& turn, const HeldBytes& held, TlsMetrics& metrics,
                HandshakeReport& report);
  ~TlsHandshakes() override;

  /// With `at_most` under way, the oldest one is cut off for it: clients that begin and go no
  /// further keep nobody out.
  void begin(std::unique_ptr<Transport> socket, std::shared_ptr<const TlsContext> context,
             ListenerConfig::Role role, unsigned at_most);
  /// Cuts those off that began `timeout` ago.
  void sweep(MonotonicTime now, Milliseconds timeout);
  void close_all();
  std::size_t under_way() const { return under_way_.size(); }
  /// Nothing is under way or closing.
  bool is_empty() const { return under_way_.empty() && closing_.empty(); }

 private:
  struct Entry;
  using Entries = std::list<std::unique_ptr<Entry>>;

  void on_handshake_done(TlsTransport& transport) override;
  void on_handshake_failed(TlsTransport& transport, bool left) override;
  void cut(Entry& entry, TlsHandshakeResult result, std::string_view why);
  void end(Entry& entry, TlsHandshakeResult result, std::string_view why);
  void forget(Entry& entry);

  TlsHandshakeHost& host_;
  TlsTools tools_;
  TlsMetrics& metrics_;
  HandshakeReport& report_;
  Entries under_way_;
  Entries closing_;
  std::unordered_map<const TlsTransport*, Entry*> entries_;
};

}  // namespace larder
