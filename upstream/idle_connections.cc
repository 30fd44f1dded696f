// SPDX-License-Identifier: Apache-2.0
#include "upstream/idle_connections.h"

#include <algorithm>
#include <array>

namespace larder {

void IdleConnections::drop(const std::string& base) {
  drop_if([&](const OriginConnection& connection) { return connection.base() == base; });
}

void IdleConnections::drop_if(const std::function<bool(const OriginConnection&)>& is_over) {
  std::erase_if(idle_, [&](const auto& connection) { return is_over(*connection); });
}

bool IdleConnections::is_too_old(const OriginConnection& connection, MonotonicTime now) const {
  return now.ms - connection.idle_since.ms >= bounds_.idle_ms ||
         now.ms - connection.made().ms >= bounds_.age_ms;
}

void IdleConnections::keep(std::unique_ptr<OriginConnection> connection, MonotonicTime now) {
  connection->idle_since = now;
  if (bounds_.count == 0 || is_too_old(*connection, now)) return;
  while (idle_.size() >= bounds_.count) idle_.erase(idle_.begin());
  connection->set_user(*this, true);
  connection->want(true, false);
  idle_.push_back(std::move(connection));
}

/// Asked of the socket itself: the loop may not have told yet. (In TLS there may be a session
/// ticket, which is no byte of an answer.)
bool IdleConnections::is_silent(OriginConnection& connection) {
  std::array<char, 1'024> bytes;
  const auto got = connection.receive(bytes);
  if (got.what == OriginConnection::Received::What::bytes) {
    strayed_(std::string(connection.base()));  // a copy: this may end the connection
  }
  return got.what == OriginConnection::Received::What::none;
}

std::unique_ptr<OriginConnection> IdleConnections::take(const std::string& base,
                                                        MonotonicTime now) {
  sweep(now);
  for (std::size_t at = idle_.size(); at-- > 0;) {
    if (idle_[at]->base() != base) continue;
    auto connection = std::move(idle_[at]);
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(at));
    if (is_silent(*connection)) return connection;
    at = std::min(at, idle_.size());
  }
  return nullptr;
}

void IdleConnections::sweep(MonotonicTime now) {
  drop_if([&](const OriginConnection& connection) { return is_too_old(connection, now); });
}

void IdleConnections::on_ready(OriginConnection& connection, bool, bool) {
  const auto found = std::find_if(idle_.begin(), idle_.end(),
                                  [&](const auto& idle) { return idle.get() == &connection; });
  if (found == idle_.end()) return;
  auto owned = std::move(*found);
  idle_.erase(found);
  if (!is_silent(*owned)) return;
  const auto since = owned->idle_since;
  idle_.push_back(std::move(owned));
  idle_.back()->idle_since = since;
}

}  // namespace larder
