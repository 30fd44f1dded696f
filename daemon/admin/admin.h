// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "conf/settings.h"
#include "daemon/admin/admin_sources.h"
#include "daemon/admin/stored_questions.h"
#include "daemon/http1/listen.h"
#include "daemon/http1/transport.h"
#include "upstream/loop/mailbox.h"

namespace larder {

/// A small HTTP server on main's loop: on the unix socket all of it (`POST /reload`, `/drain` and
/// `/snapshot` for root and larderd's own user alone), on TCP `GET /metrics` and `GET /healthz`,
/// with one of `admin.purge_tokens` `POST /purge`, `GET /status`, `/events` and
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
  struct TextDone {
    std::uint64_t connection = 0;
    AdminText answer;
  };
  /// There is more of a snapshot.
  struct SnapshotMore {
    std::uint64_t connection = 0;
  };
  using Done = std::variant<PurgeDone, ListDone, ExplainDone, TextDone, SnapshotMore>;
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
  bool is_full() const;
  /// For an answer that comes later, and is counted as under way.
  AdminReply reply_to(std::uint64_t connection) const;
  std::string answer_to(PurgeDone& done) const;
  std::string answer_to(ListDone& done) const;
  static std::string answer_to(ExplainDone& done);
  static AdminText answer_to(TextDone& done) { return std::move(done.answer); }

  SettingsPtr settings_;
  AdminSources sources_;
  ReadBuffer read_buffer_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::unordered_map<std::uint64_t, std::unique_ptr<AdminConnection>> connections_;
  std::uint64_t next_connection_ = 1;
  bool draining_ = false;
  std::size_t purges_ = 0;                  ///< under way
  std::size_t questions_ = 0;               ///< and orders to reload
  std::shared_ptr<Mailbox<Done>> mailbox_;  ///< shared with what is under way on other threads
};

}  // namespace larder
