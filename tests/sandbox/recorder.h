// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/sandbox/http.h"
#include "tests/sandbox/json.h"

/// What the two servers have seen since the last reset.
namespace sandbox {

class Recorder {
 public:
  explicit Recorder(std::size_t remembered) : ring_(remembered) {}

  void on_opened(Host host);
  void on_closed(Host host);
  void on_request(const HttpRequest& request);
  void on_end(Host host, bool complete);

  void on_body(Host host, std::size_t bytes);

  /// See control.cc, GET /counts.
  Json counts(bool with_paths) const;
  /// The last requests, the oldest first.
  Json requests() const;
  /// Connections that are open and requests at work stay counted.
  void reset_counts();
  void forget_requests();

 private:
  struct PerHost {
    std::uint64_t requests = 0, aborted = 0, opened = 0;
    std::uint64_t body_bytes = 0;
    std::uint64_t open = 0, max_open = 0;                ///< connections
    std::uint64_t in_progress = 0, max_in_progress = 0;  ///< requests
    std::unordered_map<std::string, std::uint64_t> paths;
  };
  /// Reused from request to request; `text` is lines of name, NUL, value.
  struct Seen {
    Host host = Host::delivery;
    std::uint64_t number = 0;
    std::string method, target, text;
  };

  PerHost& of(Host host) { return hosts_[static_cast<std::size_t>(host)]; }

  std::array<PerHost, 3> hosts_;
  std::vector<Seen> ring_;
  std::uint64_t seen_ = 0;
  std::uint64_t forgotten_ = 0;  ///< requests up to this number are not shown
};

}  // namespace sandbox
