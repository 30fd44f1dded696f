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
#include "cache/store/store.h"
#include "conf/base/log_health.h"
#include "daemon/watch/count.h"
#include "daemon/watch/feed_board.h"
#include "daemon/watch/host_board.h"
#include "daemon/watch/latency.h"
#include "daemon/watch/purge_log.h"
#include "daemon/watch/time_histogram.h"

namespace larder {

/// What became of a request, for the metrics, the access log and Cache-Status.
enum class Outcome : std::uint8_t {
  hit,          ///< fresh, from the store
  stale,        ///< from the store while a refresh runs
  stale_error,  ///< from the store because the origin failed
  miss,         ///< caused a fill
  joined,       ///< shared a fill under way
  committed,    ///< from an object that waited for its commit
  pass,         ///< streamed from the delivery host, uncached
  preview,      ///< streamed from the preview host
  rejected,     ///< the origin's refusal of the credential, from memory or fresh
  refused,      ///< answered with an error by larder
  preflight,
  failed,   ///< the origin failed and there was nothing to answer with
  aborted,  ///< the client left, or the answer broke off
};
constexpr std::size_t kOutcomes = 13;
const char* name_of(Outcome outcome);

/// Where an answer came from, as far as its time is of interest.
enum class AnsweredFrom : std::uint8_t { cache, origin, neither };
AnsweredFrom answered_from(Outcome outcome);

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
  Count not_modified;  ///< of the above, answered with 304
  Count bytes_sent;
  Count connections_accepted;
  Count connections_refused;  ///< at the bound
  Count connections_open;     ///< gauge
  Count output_cut;           ///< answers cut off at server.max_output
  Count timeouts;
  TlsMetrics tls;
  /// From the last byte of a request until the last of its answer is the kernel's, of those that are
  /// timed (ClientHost::begin_timing).
  LatencyHistogram from_cache, from_origin;

  void note_time(Outcome outcome, std::uint64_t us);
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
