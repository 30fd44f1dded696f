// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "cache/http/response.h"
#include "upstream/host_lanes.h"
#include "upstream/origin_error.h"
#include "upstream/origin_request.h"

namespace larder {

class Transfer;

/// What has come of a transfer since the last call.
struct TransferProgress {
  /// Set in the one call that brings the complete header. Stays as it is, and good until the call
  /// with `ended` has returned, or until abandon().
  const ResponseFacts* head = nullptr;
  std::string body;
  bool ended = false;
  bool framed = false;               ///< with `ended`: the body's length was proven by its framing
  std::optional<OriginError> error;  ///< with `ended`: it failed; the body is cut off
};

/// Takes a transfer's progress, on the loop's thread. After the
/// call with `ended` the transfer is gone.
class TransferSink {
 public:
  virtual ~TransferSink() = default;
  virtual void on_progress(TransferProgress progress) = 0;
};

/// A transfer that was started or queued, or why it was not.
using Started = tl::expected<Transfer*, OriginError>;

/// The way to the origins, as fills and relays see it. OriginLoop is the real one. Sinks are never
/// called from inside a function of this.
class Transfers {
 public:
  virtual ~Transfers() = default;
  /// Starts a transfer or queues it for a place at its host. The pointer is good until the sink's
  /// call with `ended` has returned, or until abandon(). An error: nothing was started, and why.
  virtual Started start(OriginRequest request, TransferSink* sink, Lane lane) = 0;
  /// Somebody of lane `to` waits for this transfer now, whatever it was started for. False = it is
  /// queued in a later lane and the queue of `to` is full: nothing has changed.
  virtual bool promote(Transfer* transfer, Lane to) = 0;
  /// No more of the body is read from the origin, but for what is read already, until resume().
  virtual void pause(Transfer* transfer) = 0;
  virtual void resume(Transfer* transfer) = 0;
  /// Ends a transfer without telling its sink.
  virtual void abandon(Transfer* transfer) = 0;
};

}  // namespace larder
