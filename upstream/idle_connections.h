// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "upstream/origin_connection.h"

namespace larder {

/// Connections between two requests. Bytes that come there belong to no request: they would be
/// taken for the next one's answer. Such a connection is ended, and its host is told of. One
/// thread.
class IdleConnections final : public OriginConnectionUser {
 public:
  struct Bounds {
    explicit Bounds(const UpstreamConfig& config)
        : count(config.max_connections_per_host),
          idle_ms(config.idle_connection_ms),
          age_ms(config.max_connection_age_ms) {}
    std::size_t count;
    Milliseconds idle_ms;  ///< between two requests
    Milliseconds age_ms;   ///< since it was made; an older one gets no further request
  };

  /// `strayed(base)`: bytes that nobody asked for came from this host.
  IdleConnections(const Bounds& bounds, std::function<void(const std::string& base)> strayed)
      : bounds_(bounds), strayed_(std::move(strayed)) {}
  IdleConnections(const IdleConnections&) = delete;
  IdleConnections& operator=(const IdleConnections&) = delete;

  /// Takes effect with the next one that is kept or taken.
  void set_bounds(const Bounds& bounds) { bounds_ = bounds; }
  /// At the bound the one that has been idle for longest goes.
  void keep(std::unique_ptr<OriginConnection> connection, MonotonicTime now);
  /// The one of this host that was kept last and is still whole and silent, or nullptr.
  std::unique_ptr<OriginConnection> take(const std::string& base, MonotonicTime now);
  /// Ends all.
  void clear() { idle_.clear(); }
  /// Ends all of this host.
  void drop(const std::string& base);
  /// Ends those of which `is_over` says so.
  void drop_if(const std::function<bool(const OriginConnection&)>& is_over);
  /// Ends those that have been idle, or have lived, for too long.
  void sweep(MonotonicTime now);
  std::size_t size() const { return idle_.size(); }

 private:
  void on_connected(OriginConnection&) override {}
  void on_connect_failed(OriginConnection&, const OriginError&) override {}
  void on_ready(OriginConnection& connection, bool readable, bool writable) override;
  bool is_silent(OriginConnection& connection);

  bool is_too_old(const OriginConnection& connection, MonotonicTime now) const;

  Bounds bounds_;
  std::function<void(const std::string&)> strayed_;
  std::vector<std::unique_ptr<OriginConnection>> idle_;  ///< by the time they were kept
};

}  // namespace larder
