// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cache/body/held_bytes.h"
#include "cache/http/response.h"
#include "cache/request/kind.h"
#include "cache/store/store.h"
#include "conf/base/log_health.h"
#include "daemon/watch/count.h"
#include "daemon/watch/feed_board.h"
#include "daemon/watch/host_board.h"
#include "daemon/watch/latency_histogram.h"
#include "daemon/watch/outcome.h"
#include "daemon/watch/purge_log.h"
#include "daemon/watch/scope_counts.h"
#include "daemon/watch/time_histogram.h"
#include "upstream/transfer_counts.h"

namespace larder {

/// What became of a TLS handshake.
enum class TlsHandshakeResult : std::uint8_t {
  done,
  failed,  ///< the client's bytes, protocols or ciphers are wrong, or it refused the certificate
  plain_http,  ///< the client speaks HTTP
  left,        ///< the client closed the connection
  timed_out,   ///< at tls.handshake_timeout
  displaced,   ///< at tls.max_handshakes
  stopped,     ///< larderd ends
};
constexpr std::size_t kTlsHandshakeResults = 7;
const char* name_of(TlsHandshakeResult result);

/// Written by one worker.
struct TlsMetrics {
  std::array<Count, kTlsHandshakeResults> handshakes;
  Count resumed;  ///< of those that are done
  Count version_1_2, version_1_3;
  Count under_way;  ///< gauge
};

/// Written by one worker.
struct alignas(64) WorkerMetrics {
  std::array<Count, kOutcomes> requests;
  std::array<std::array<Count, kOutcomes>, kKinds> by_kind;  ///< of paths that may be stored
  std::array<LatencyHistogram, kAnswerClasses> times;        ///< from the request to its last byte
  ScopeCounts scopes;                                        ///< those of the configuration
  Count not_modified;                                        ///< of the above, answered with 304
  Count bytes_sent;
  Count connections_accepted;
  Count connections_refused;  ///< at the bound
  Count connections_open;     ///< gauge
  Count output_cut;           ///< answers cut off at server.max_output
  Count timeouts;
  TlsMetrics tls;
};

/// Requests to hosts of one use. Written by the origin thread.
struct TransferMetrics {
  Count started;
  std::array<Count, kStatusClasses> answers;
  std::array<Count, kTransferPhases> phase_ms;
};

/// Written by the origin thread.
struct OriginMetrics {
  TimeHistogram visible;  ///< from a change of content to the first answer that shows it
  Count fills_started;
  Count fills_joined;
  Count fills_refreshed;
  Count fills_stored;
  Count outdated_answers;      ///< that a cache on the way had since before a change
  Count outdated_asked_again;  ///< of them, at once and past caches
  Count fills_retried;
  Count laggards_cut;  ///< readers that held up the others of their fill
  Count fills_active;  ///< gauge
  Count store_refused;
  std::array<Count, 16> verdicts;  ///< by StoreVerdict
  Count passes;
  Count previews;
  Count hit_for_miss;
  Count over_miss_rate;  ///< refused by open.miss_rate
  Count warmed;          ///< refreshes by purge.warm
  Count audit_checked;   ///< fresh objects compared with the origin's
  Count audit_differing;
  Count audit_failed;
  Count known_entries;         ///< gauge: versions of which it is known what they refer to
  Count rejections_held;       ///< answers given from a held refusal
  Count credentials_rejected;  ///< gauge
  Count delivery_running, delivery_queued, delivery_failed, delivery_refused, refreshes_dropped;
  Count preview_running, preview_queued, preview_failed;
  TransferMetrics delivery, preview;
  HostBoard hosts;
  FeedBoard feeds;
  PurgeLog purges;
};

/// `access` is null where there is no access log.
struct LogStatuses {
  LogStatus own;
  std::optional<LogStatus> access;
};

/// The Prometheus text of all of them (exposition format 0.0.4).
std::string prometheus_text(const std::vector<const WorkerMetrics*>& workers,
                            const OriginMetrics& origin, const HeldBytes& held,
                            const StoreStats& store, const LogStatuses& logs);

}  // namespace larder
