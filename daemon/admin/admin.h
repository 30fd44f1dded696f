// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "cache/store/store.h"
#include "cache/store/url_listing.h"
#include "conf/settings.h"
#include "daemon/admin/explain_answer.h"
#include "daemon/admin/explain_request.h"
#include "daemon/http1/listen.h"
#include "daemon/http1/transport.h"
#include "daemon/watch/top_requests.h"
#include "upstream/loop/mailbox.h"

namespace larder {

/// What the admin interface shows and does; made by `main`, called on the admin's loop.
struct AdminSources {
  std::function<std::string()> metrics;  ///< Prometheus text
  std::function<std::string()> status;   ///< JSON
  std::function<void(PurgeOrder, std::function<void(PurgeResult)>)>
      purge;                            ///< `done` on any thread
  std::function<std::string()> events;  ///< JSON: the last purges
  std::function<void(PurgeOrder, std::function<void(UrlListing)>)>
      list;  ///< what is stored of a URL; `done` on any thread
  std::function<void(ExplainQuestion, std::function<void(Explanation)>)>
      explain;                                         ///< `done` on any thread
  std::function<std::string(TopBy, std::size_t)> top;  ///< JSON: what is hot; empty = it is off
  /// Begins a snapshot into the sink, which then takes so long at most, or says why not.
  std::function<Result<void>(std::shared_ptr<SnapshotSink>, Milliseconds)> snapshot;
};

/// A small HTTP server on main's loop: on the unix socket all of it, on TCP `GET /metrics` and
/// `GET /healthz`, with one of `admin.purge_tokens` `POST /purge`, `GET /status`, `/events` and
/// `/top`, and with `admin.page` these three without it (admin_access()). One request for each
/// connection. Never answers with anything secret.
class AdminServer {
 public:
  AdminServer(uv_loop_t* loop, SettingsPtr settings, AdminSources sources,
              std::vector<ListeningSocket> sockets);
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  /// For the requests to come.
  void use(SettingsPtr settings) { settings_ = std::move(settings); }

  /// `GET /healthz` says 503 from here on, and a snapshot under way ends; all else is answered as
  /// before.
  void drain();
  /// No new connections; who has asked already gets an answer.
  void end();
  /// Nobody waits for an answer.
  bool is_idle() const;
  /// Stops listening and drops all connections; the loop runs empty after.
  void close();

  struct PurgeDone {
    std::uint64_t connection = 0;
    PurgeOrder order;
    PurgeResult result;
  };
  struct ListDone {
    std::uint64_t connection = 0;
    PurgeOrder order;
    UrlListing listing;
  };
  struct ExplainDone {
    std::uint64_t connection = 0;
    Explanation explanation;
  };
  /// There is more of a snapshot.
  struct SnapshotMore {
    std::uint64_t connection = 0;
  };
  using Done = std::variant<PurgeDone, ListDone, ExplainDone, SnapshotMore>;
  void on_mail(std::vector<Done>& mail);

 private:
  class AdminConnection;
  struct Listener;
  static void on_incoming(uv_stream_t* stream, int status) noexcept;
  void accept(Listener& listener);
  /// False = too many are under way.
  bool purge(std::uint64_t connection, PurgeOrder order);
  bool list(std::uint64_t connection, PurgeOrder order);
  bool explain(std::uint64_t connection, ExplainQuestion question);
  std::string answer_to(PurgeDone& done) const;
  std::string answer_to(ListDone& done) const;
  static std::string answer_to(ExplainDone& done);
  std::string hint_for(const PurgeOrder& order, std::vector<ScopeLabel>& scopes) const;

  SettingsPtr settings_;
  AdminSources sources_;
  ReadBuffer read_buffer_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::unordered_map<std::uint64_t, std::unique_ptr<AdminConnection>> connections_;
  std::uint64_t next_connection_ = 1;
  bool draining_ = false;
  std::size_t under_way_ = 0;               ///< purges, listings and explanations
  std::shared_ptr<Mailbox<Done>> mailbox_;  ///< shared with what is under way on other threads
};

}  // namespace larder
