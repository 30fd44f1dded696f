// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/metrics.h"

#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "conf/base/patient_memory.h"
#include "conf/base/redact.h"
#include "daemon/watch/exposition.h"

namespace larder {
namespace {

void add_worker_metrics(Exposition& out, const std::vector<const WorkerMetrics*>& workers) {
  const auto total = [&](auto member) {
    std::uint64_t sum = 0;
    for (const auto* worker : workers) sum += (worker->*member).get();
    return sum;
  };
  out.family("larder_requests_total", "counter", "Requests answered, by what became of them.");
  for (std::size_t i = 0; i < kOutcomes; ++i) {
    std::uint64_t sum = 0;
    for (const auto* worker : workers) sum += worker->requests[i].get();
    out.sample(label("outcome", name_of(static_cast<Outcome>(i))), sum);
  }
  out.single("larder_not_modified_total", "counter", "Answers with 304.",
             total(&WorkerMetrics::not_modified));
  out.single("larder_sent_bytes_total", "counter", "Bytes sent to clients.",
             total(&WorkerMetrics::bytes_sent));
  out.single("larder_connections_accepted_total", "counter", "Client connections accepted.",
             total(&WorkerMetrics::connections_accepted));
  out.single("larder_connections_refused_total", "counter",
             "Client connections cut off at server.max_connections.",
             total(&WorkerMetrics::connections_refused));
  out.single("larder_connections_open", "gauge", "Client connections open now.",
             total(&WorkerMetrics::connections_open));
  out.single("larder_output_cut_total", "counter", "Answers cut off at server.max_output.",
             total(&WorkerMetrics::output_cut));
  out.single("larder_client_timeouts_total", "counter", "Deadlines passed on client connections.",
             total(&WorkerMetrics::timeouts));
}

void add_kind_metrics(Exposition& out, const std::vector<const WorkerMetrics*>& workers) {
  out.family("larder_kind_requests_total", "counter",
             "Requests of paths that may be stored, by kind and what became of them.");
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    for (std::size_t i = 0; i < kOutcomes; ++i) {
      const auto outcome = static_cast<Outcome>(i);
      if (outcome == Outcome::preflight || outcome == Outcome::preview) continue;
      std::uint64_t sum = 0;
      for (const auto* worker : workers) sum += worker->by_kind[kind][i].get();
      out.sample(label("kind", name_of(static_cast<Kind>(kind))) + "," +
                     label("outcome", name_of(outcome)),
                 sum);
    }
  }
}

/// What nobody has asked for has no sample: there may be 64 scopes.
void add_scope_metrics(Exposition& out, const std::vector<const WorkerMetrics*>& workers) {
  std::map<ScopeCounts::Name, ScopeCounts::Counts> sums;
  for (const auto* worker : workers) worker->scopes.add_to(sums);
  out.family("larder_scope_requests_total", "counter",
             "Requests of configured scopes, by what became of them.");
  for (const auto& [name, counts] : sums) {
    const bool other = name == ScopeCounts::Name{};
    const auto part = [&](const char* key, const std::string& text) {
      return label(key, other ? "other" : redact(text));
    };
    const std::string labels = part("stack", name.api_key) + "," +
                               part("environment", name.environment) + "," +
                               part("branch", name.branch);
    for (std::size_t i = 0; i < kOutcomes; ++i) {
      if (counts[i] == 0) continue;
      out.sample(labels + "," + label("outcome", name_of(static_cast<Outcome>(i))), counts[i]);
    }
  }
}

void add_latency_metrics(Exposition& out, const std::vector<const WorkerMetrics*>& workers) {
  out.family("larder_request_duration_seconds", "histogram",
             "From the last byte of a request to the last byte of its answer in the socket.");
  for (std::size_t i = 0; i < kAnswerClasses; ++i) {
    std::vector<const LatencyHistogram*> parts;
    parts.reserve(workers.size());
    for (const auto* worker : workers) parts.push_back(&worker->times[i]);
    out.latencies(label("answer", name_of(static_cast<AnswerClass>(i))), parts);
  }
}

void add_tls_metrics(Exposition& out, const std::vector<const WorkerMetrics*>& workers) {
  const auto total = [&](auto part) {
    std::uint64_t sum = 0;
    for (const auto* worker : workers) sum += part(worker->tls).get();
    return sum;
  };
  out.family("larder_tls_handshakes_total", "counter", "TLS handshakes, by what became of them.");
  for (std::size_t i = 0; i < kTlsHandshakeResults; ++i) {
    out.sample(label("result", name_of(static_cast<TlsHandshakeResult>(i))),
               total([i](const TlsMetrics& tls) -> const Count& { return tls.handshakes[i]; }));
  }
  out.single("larder_tls_resumptions_total", "counter",
             "Of those that are done, by a session ticket.",
             total([](const TlsMetrics& tls) -> const Count& { return tls.resumed; }));
  out.family("larder_tls_connections_total", "counter", "TLS connections, by protocol version.");
  out.sample(label("version", "1.2"),
             total([](const TlsMetrics& tls) -> const Count& { return tls.version_1_2; }));
  out.sample(label("version", "1.3"),
             total([](const TlsMetrics& tls) -> const Count& { return tls.version_1_3; }));
  out.single("larder_tls_handshakes_under_way", "gauge", "TLS handshakes under way.",
             total([](const TlsMetrics& tls) -> const Count& { return tls.under_way; }));
}

/// Fetches that no visitor asked for.
void add_refetch_metrics(Exposition& out, const OriginMetrics& origin) {
  out.single("larder_warmed_total", "counter", "Purged objects refreshed by purge.warm.",
             origin.warmed.get());
  out.single("larder_audit_checked_total", "counter",
             "Fresh objects that were compared with what the origin has.",
             origin.audit_checked.get());
  out.single("larder_audit_differing_total", "counter",
             "Of these, those that differed though no event told of it.",
             origin.audit_differing.get());
  out.single("larder_known_entries", "gauge",
             "Versions of entries of which larder knows to which entries they refer.",
             origin.known_entries.get());
  out.single("larder_audit_failed_total", "counter",
             "Comparisons for which the origin gave no answer to compare.",
             origin.audit_failed.get());
}

using TransferUses = std::array<std::pair<const char*, const TransferMetrics*>, 2>;

void add_transfer_metrics(Exposition& out, const TransferUses& uses) {
  out.family("larder_transfers_total", "counter", "Requests sent to hosts.");
  for (const auto& [use, transfers] : uses)
    out.sample(label("host", use), transfers->started.get());
  out.family("larder_transfer_answers_total", "counter", "Answers of hosts, by status.");
  for (const auto& [use, transfers] : uses) {
    for (std::size_t i = 0; i < kStatusClasses; ++i) {
      out.sample(label("host", use) + "," + label("status", name_of_status_class(i)),
                 transfers->answers[i].get());
    }
  }
  out.family("larder_transfer_phase_seconds_total", "counter",
             "Time of requests to hosts that have ended, by what it went into.");
  for (const auto& [use, transfers] : uses) {
    for (std::size_t i = 0; i < kTransferPhases; ++i) {
      out.sample_ms(
          label("host", use) + "," + label("phase", name_of(static_cast<TransferPhase>(i))),
          static_cast<std::int64_t>(transfers->phase_ms[i].get()));
    }
  }
}

void add_origin_metrics(Exposition& out, const OriginMetrics& origin) {
  out.single("larder_fills_total", "counter", "Fetches for the cache.", origin.fills_started.get());
  out.single("larder_fills_joined_total", "counter", "Requests that joined a fetch under way.",
             origin.fills_joined.get());
  out.single("larder_fills_refresh_total", "counter", "Background refreshes.",
             origin.fills_refreshed.get());
  out.histogram("larder_publish_visible_seconds",
                "From a change of an entry or asset to the first answer that shows it.",
                origin.visible);
  out.single("larder_fence_outdated_total", "counter",
             "Answers that a cache before the origin had since before a change.",
             origin.outdated_answers.get());
  out.single("larder_fence_retries_total", "counter",
             "Fetches past caches because of an outdated answer.",
             origin.outdated_asked_again.get());
  out.single("larder_fills_stored_total", "counter", "Answers handed to the store.",
             origin.fills_stored.get());
  out.single("larder_fills_retried_total", "counter", "Second tries for those who still waited.",
             origin.fills_retried.get());
  out.single("larder_fills_laggards_cut_total", "counter",
             "Readers cut off because they held up others of the fill, or too many relays.",
             origin.laggards_cut.get());
  out.single("larder_fills_active", "gauge", "Fetches under way or waiting for their commit.",
             origin.fills_active.get());
  out.single("larder_fills_store_refused_total", "counter",
             "Answers that the store's queue did not take.", origin.store_refused.get());
  out.family("larder_fill_verdicts_total", "counter",
             "Finished fetches, by whether and why not they were stored.");
  for (std::size_t i = 0; i <= static_cast<std::size_t>(StoreVerdict::not_of_the_api); ++i) {
    out.sample(label("verdict", name_of(static_cast<StoreVerdict>(i))), origin.verdicts[i].get());
  }
  out.single("larder_passes_total", "counter", "Uncached transfers from delivery hosts.",
             origin.passes.get());
  out.single("larder_previews_total", "counter", "Transfers from preview hosts.",
             origin.previews.get());
  out.single("larder_hit_for_miss_total", "counter",
             "Requests that did not queue, for the key could not be shared before.",
             origin.hit_for_miss.get());
  out.single("larder_over_miss_rate_total", "counter",
             "Requests refused by open.miss_rate: their token has asked the origin too often.",
             origin.over_miss_rate.get());
  out.single("larder_rejections_held_total", "counter",
             "Refusals of a credential answered from memory.", origin.rejections_held.get());
  out.single("larder_credentials_rejected", "gauge", "Credentials that the origin refuses.",
             origin.credentials_rejected.get());
  out.family("larder_transfers_running", "gauge", "Transfers that libcurl works on.");
  out.sample(label("host", "delivery"), origin.delivery_running.get());
  out.sample(label("host", "preview"), origin.preview_running.get());
  out.family("larder_transfers_queued", "gauge", "Transfers that wait for a connection.");
  out.sample(label("host", "delivery"), origin.delivery_queued.get());
  out.sample(label("host", "preview"), origin.preview_queued.get());
  out.family("larder_transfers_failed_total", "counter", "Transfers that failed.");
  out.sample(label("host", "delivery"), origin.delivery_failed.get());
  out.sample(label("host", "preview"), origin.preview_failed.get());
  add_transfer_metrics(out, {{{"delivery", &origin.delivery}, {"preview", &origin.preview}}});
  out.single("larder_transfers_refused_total", "counter",
             "Transfers refused at upstream.max_queue_per_host.", origin.delivery_refused.get());
  out.single("larder_refreshes_dropped_total", "counter",
             "Background refreshes not made, for their queue was full.",
             origin.refreshes_dropped.get());
}

void add_host_metrics(Exposition& out, const HostBoard& board, MonotonicTime now) {
  const auto labels = [](const HostSnapshot& host, std::string_view use) {
    return label("host", redact(host.name)) + "," + label("for", use);
  };
  out.family("larder_host_up", "gauge",
             "1 = the host is asked as usual; 0 = it has failed, or asked to be left alone.");
  board.for_each([&](const HostSnapshot& host, std::string_view use) {
    const bool up = host.state == HostHealth::State::closed && host.held_until.ms <= now.ms;
    out.sample(labels(host, use), up ? 1 : 0);
  });
  out.family("larder_host_failures_total", "counter", "Failures of a host, by their cause.");
  board.for_each([&](const HostSnapshot& host, std::string_view use) {
    for (std::size_t i = 0; i < kOriginCauses; ++i) {
      const auto cause = static_cast<OriginCause>(i);
      if (!is_failure_of_host(cause)) continue;
      out.sample(labels(host, use) + "," + label("cause", name_of(cause)), host.failures_by[i]);
    }
  });
  out.family("larder_host_opened_total", "counter", "How often a host was open: probes only.");
  board.for_each([&](const HostSnapshot& host, std::string_view use) {
    out.sample(labels(host, use), host.opened);
  });
}

void add_feed_metrics(Exposition& out, const FeedBoard& board, MonotonicTime now) {
  const auto labels = [](const FeedSnapshot& feed) {
    return label("stack", feed.name.api_key) + "," + label("environment", feed.name.environment) +
           "," + label("branch", feed.name.branch);
  };
  out.family("larder_sync_age_seconds", "gauge",
             "Since all that the Sync API had to tell was purged; none before the first time.");
  board.for_each([&](const FeedSnapshot& feed) {
    if (!feed.complete_at) return;
    out.sample(labels(feed), static_cast<std::uint64_t>((now.ms - feed.complete_at->ms) / 1'000));
  });
  out.family("larder_sync_polls_total", "counter", "Questions to the Sync API, by their result.");
  board.for_each([&](const FeedSnapshot& feed) {
    for (const auto& [result, count] : feed.polls) {
      out.sample(labels(feed) + "," + label("result", result), count);
    }
  });
  out.family("larder_sync_purges_total", "counter", "Purges that sync has caused.");
  board.for_each([&](const FeedSnapshot& feed) { out.sample(labels(feed), feed.purges); });
  out.family("larder_sync_event_lag_seconds", "gauge",
             "Of the last event: from its time until its purge was durable.");
  board.for_each([&](const FeedSnapshot& feed) { out.sample_ms(labels(feed), feed.lag_ms); });
}

void add_held_bytes(Exposition& out, const HeldBytes& held) {
  out.single("larder_inflight_bytes", "gauge",
             "Bytes of bodies on their way into the cache (cache.max_pending).", held.pending());
  out.single("larder_output_waiting_bytes", "gauge",
             "Bytes that wait for clients, in the kernel too (server.max_output).", held.output());
}

void add_store_metrics(Exposition& out, const StoreStats& store) {
  out.single("larder_store_objects", "gauge", "Objects stored.", store.objects);
  out.single("larder_store_live_bytes", "gauge", "What they cost in the file, by page accounting.",
             store.live_pages * store.page_bytes);
  out.single("larder_store_size_bytes", "gauge", "Bound of the file (cache.size).",
             store.map_bytes);
  out.single("larder_store_file_bytes", "gauge", "The file's present length.", store.file_bytes);
  out.single("larder_store_pending_bytes", "gauge", "Handed over, not committed yet.",
             store.pending_bytes);
  out.single("larder_store_writing_bytes", "gauge", "Begun, not handed over yet.",
             store.writing_bytes);
  out.single("larder_store_page_bytes", "gauge", "Size of a page of the file.", store.page_bytes);
  out.single("larder_store_readers", "gauge", "Most places for readers that were in use at once.",
             store.max_readers_used);
  out.single("larder_store_warm", "gauge", "1 = objects were found at the start.",
             store.warm ? 1 : 0);
  out.single("larder_store_not_admitted_total", "counter",
             "Objects that are asked for too rarely to be stored.", store.not_admitted);
  out.single("larder_store_full_retries_total", "counter",
             "Transactions that found no room, and were tried again after evictions.",
             store.map_full);
  out.family("larder_snapshots_total", "counter",
             "Snapshots of the store, by what became of them.");
  out.sample("result=\"taken\"", store.snapshots);
  out.sample("result=\"failed\"", store.failed_snapshots);
  out.single("larder_store_begun_anew_total", "counter", "Databases given up while running.",
             store.begun_anew);
  out.single("larder_store_scopes", "gauge", "Scopes with objects.", store.scopes);
  out.single("larder_store_stores_total", "counter", "Objects stored.", store.stores);
  out.single("larder_store_replaced_total", "counter", "Objects replaced by newer ones.",
             store.replaced);
  out.single("larder_store_evicted_total", "counter", "Objects evicted.", store.evicted);
  out.single("larder_store_purged_total", "counter",
             "Objects purged, where larderctl has counted them.", store.purged);
  out.single("larder_store_epoch_total", "counter", "Purges by events, changes and scopes, ever.",
             store.epoch);
  out.single("larder_store_touched_total", "counter",
             "Large objects stored again without writing their body.", store.touched);
  out.single("larder_store_held_objects", "gauge",
             "Large objects that are gone, but are still being sent.", store.held_objects);
  out.single("larder_store_held_bytes", "gauge", "What these still take of the file.",
             store.held_pages * store.page_bytes);
  out.single("larder_store_readers_cut_total", "counter",
             "Large objects removed while they were being sent (cache.reader_hold).",
             store.readers_cut);
  out.single("larder_store_commits_total", "counter", "Group commits.", store.commits);
  out.single("larder_store_failed_commits_total", "counter",
             "Group commits that the system refused.", store.failed_commits);
  out.single("larder_store_writable", "gauge",
             "1 = the disk takes new objects, 0 = it is full or refuses; see larderctl status.",
             store.state == StoreState::writes ? 1 : 0);
  out.family("larder_store_dropped_total", "counter", "Objects not stored.");
  out.sample(label("reason", "queue_full"), store.dropped_queue_full);
  out.sample(label("reason", "too_large"), store.dropped_too_large);
  out.sample(label("reason", "map_full"), store.dropped_map_full);
  out.sample(label("reason", "refused"), store.dropped_refused);
  out.single("larder_store_corrupt_total", "counter",
             "Rows that failed their check and were dropped.", store.corrupt);
  out.single("larder_store_collisions_total", "counter",
             "Lookups that met another request under their key.", store.collisions);
}

void add_log_metrics(Exposition& out, const LogStatuses& logs) {
  const auto each = [&](auto value) {
    out.sample(label("log", "own"), value(logs.own));
    if (logs.access) out.sample(label("log", "access"), value(*logs.access));
  };
  out.family("larder_log_lost_lines_total", "counter",
             "Lines that could not be written, or were too many (log.buffer).");
  each([](const LogStatus& log) { return log.lost; });
  out.family("larder_log_writable", "gauge",
             "1 = lines are written, 0 = they cannot be; see larderctl status.");
  each([](const LogStatus& log) { return std::uint64_t{log.trouble.empty()}; });
}

void add_purge_metrics(Exposition& out, const PurgeLog& purges) {
  out.family("larder_purges_total", "counter", "Purges that have ended, by who asked.");
  const auto counts = purges.counts();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::string source = label("source", name_of(static_cast<PurgeSource>(i)));
    out.sample(source + "," + label("result", "done"), counts[i].done);
    out.sample(source + "," + label("result", "failed"), counts[i].failed);
  }
  const auto by_source = [&](std::uint64_t PurgeLog::Counts::*member) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      out.sample(label("source", name_of(static_cast<PurgeSource>(i))), counts[i].*member);
    }
  };
  out.family("larder_purged_tags_total", "counter",
             "Tags that purges have raised, each once for each place, by who asked.");
  by_source(&PurgeLog::Counts::tags);
  out.family(
      "larder_events_repeated_total", "counter",
      "Events that were left out, for the same one was applied before, by who told it again.");
  by_source(&PurgeLog::Counts::repeated);
}

}  // namespace

const char* name_of(TlsHandshakeResult result) {
  switch (result) {
    case TlsHandshakeResult::done:
      return "done";
    case TlsHandshakeResult::failed:
      return "failed";
    case TlsHandshakeResult::plain_http:
      return "plain_http";
    case TlsHandshakeResult::left:
      return "left";
    case TlsHandshakeResult::timed_out:
      return "timed_out";
    case TlsHandshakeResult::displaced:
      return "displaced";
    case TlsHandshakeResult::stopped:
      return "stopped";
  }
  return "?";
}

std::string prometheus_text(const std::vector<const WorkerMetrics*>& workers,
                            const OriginMetrics& origin, const HeldBytes& held,
                            const StoreStats& store, const LogStatuses& logs) {
  Exposition out;
  add_worker_metrics(out, workers);
  add_kind_metrics(out, workers);
  add_scope_metrics(out, workers);
  add_latency_metrics(out, workers);
  add_tls_metrics(out, workers);
  add_origin_metrics(out, origin);
  add_refetch_metrics(out, origin);
  add_host_metrics(out, origin.hosts, monotonic_now());
  add_feed_metrics(out, origin.feeds, monotonic_now());
  add_purge_metrics(out, origin.purges);
  add_held_bytes(out, held);
  add_store_metrics(out, store);
  out.single("larder_memory_refusals_total", "counter",
             "Times that memory was refused, and asked for again.", memory_refusals());
  add_log_metrics(out, logs);
  return out.take();
}

}  // namespace larder
