// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "bench/load/socket.h"
#include "bench/run/poll.h"

namespace larder::bench {

/// One request to a control or admin server beside the load, on a connection of its own that the
/// server closes behind the answer.
class Errand final : public Watched {
 public:
  Errand(Poll& poll, Descriptor socket, std::string_view request);
  Errand(const Errand&) = delete;
  Errand& operator=(const Errand&) = delete;

  void on_ready(std::uint32_t events) override;
  bool done() const { return done_; }
  /// Once it is done; 0 = no HTTP answer came.
  int status() const;
  const std::string& text() const { return text_; }

 private:
  Descriptor socket_;
  std::string text_;
  bool done_ = false;
};

/// A POST that asks the server to close behind its answer.
std::string post_request(std::string_view authority, std::string_view target,
                         std::string_view body);

}  // namespace larder::bench
