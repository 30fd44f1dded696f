// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/admin.h"

#include <algorithm>
#include <variant>

#include "conf/base/check.h"
#include "conf/base/json_text.h"
#include "conf/base/log.h"
#include "conf/base/octets.h"
#include "daemon/admin/admin_access.h"
#include "daemon/admin/admin_text.h"
#include "daemon/admin/purge_answer.h"
#include "daemon/admin/purge_hint.h"
#include "daemon/admin/purge_request.h"
#include "daemon/admin/snapshot_request.h"
#include "daemon/admin/snapshot_stream.h"
#include "daemon/admin/tags_answer.h"
#include "daemon/admin/top_query.h"
#include "daemon/http1/request_body.h"
#include "daemon/http1/request_parser.h"
#include "daemon/watch/purge_log.h"

namespace larder {
namespace {

constexpr std::size_t kMostPurges = 64;  ///< under way at once
constexpr std::size_t kMostQuestions = 64;
constexpr int kBacklog = 512;
constexpr const char* kTooMany = "too many questions are under way; try again when they have ended";
constexpr const char* kUnknownPath =
    "unknown path; known are /, /healthz, /metrics, /status, /events, /top, /tags, /explain, /get, "
    "/list, /purge, /reload, /drain, /snapshot";

bool is_order(std::string_view path) {
  return path == "/purge" || path == "/reload" || path == "/drain" || path == "/snapshot";
}

bool is_question(std::string_view path) {
  for (const char* known : {"/", "/healthz", "/metrics", "/status", "/events", "/tags", "/explain",
                            "/top", "/get", "/list"}) {
    if (path == known) return true;
  }
  return false;
}

std::string_view target_path(std::string_view target) {
  return target.substr(0, target.find('?'));
}

std::string_view target_query(std::string_view target) {
  const auto question = target.find('?');
  return question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
}

std::string_view value_of_host(const RequestView& request) {
  for (const auto& header : request.headers) {
    if (equals_ignoring_case(header.name, "host")) return header.value;
  }
  return {};
}

/// A URL to be purged comes percent-encoded once more: room for the longest target that a client
/// may send, each of its octets as `%XX`.
ServerConfig bounds_for_admin(ServerConfig bounds) {
  bounds.max_target_bytes = 3 * bounds.max_target_bytes + 1'024;
  return bounds;
}

}  // namespace

struct AdminServer::Listener {
  AdminServer* server = nullptr;
  bool trusted = false;  ///< the unix socket
  UvHandle<uv_tcp_t> tcp;
  UvHandle<uv_pipe_t> pipe;

  uv_stream_t* stream() const {
    return tcp ? reinterpret_cast<uv_stream_t*>(tcp.get())
               : reinterpret_cast<uv_stream_t*>(pipe.get());
  }
};

/// One request, one answer, closed.
class AdminServer::AdminConnection final : public TransportUser {
 public:
  AdminConnection(AdminServer& server, std::uint64_t id, std::unique_ptr<Transport> transport,
                  bool trusted)
      : server_(server),
        id_(id),
        transport_(std::move(transport)),
        trusted_(trusted),
        parser_(bounds_for_admin(server.settings_->config.server)) {
    transport_->set_user(*this);
    transport_->start_reading();
  }

  void respond(AdminText answer) {
    std::string& text = answer.text;
    if (bodiless_) text.resize(text.find("\r\n\r\n") + 4);
    std::vector<OutPiece> pieces;
    pieces.push_back({.owner = std::move(text)});
    if (answer.body && !bodiless_) pieces.push_back({.owner = std::move(answer.body)});
    transport_->write(std::move(pieces));
  }
  void respond(std::string text) { respond(AdminText{std::move(text)}); }
  void close() {
    closing_ = true;
    refuse_snapshot("whoever asked for it is gone");
    transport_->close();
  }
  /// Of a snapshot.
  void send_more() {
    if (closing_ || sending_) return;
    if (std::optional<std::string> next = snapshot_->next()) {
      sending_ = true;
      return respond(*std::move(next));
    }
    if (snapshot_->is_over()) close();
  }
  void refuse_snapshot(const std::string& why) {
    if (snapshot_) snapshot_->refuse(why);
  }
  std::uint64_t id() const { return id_; }
  bool trusted() const { return trusted_; }
  bool closing() const { return closing_; }
  /// A whole request has come.
  bool has_asked() const { return state_ == State::answered; }

 private:
  /// head -> body -> answered, or head -> answered.
  enum class State : std::uint8_t { head, body, answered };

  void on_bytes(std::string_view bytes) override {
    if (state_ == State::body) return take_body(body_.feed(bytes));
    if (state_ == State::answered) return;
    input_.append(bytes);
    switch (parser_.feed(input_)) {
      case RequestParser::Outcome::incomplete:
        return;
      case RequestParser::Outcome::refused:
        state_ = State::answered;
        return respond(admin_error(parser_.refusal().status, parser_.refusal().cause));
      case RequestParser::Outcome::complete:
        break;
    }
    state_ = State::answered;
    take(parser_.view(input_), parser_.method_name());
  }
  /// A client that has sent its request and ends its side still reads the answer.
  void on_end(bool broken) override {
    if (broken || state_ != State::answered) return close();
    transport_->stop_reading();
  }
  void on_written(std::size_t) override {
    if (!snapshot_) return close();
    sending_ = false;
    send_more();
  }
  void on_closed() override { server_.connections_.erase(id_); }  // destroys this

  void take(const RequestView& request, std::string_view method) {
    const auto path = target_path(request.target);
    for (const auto& header : request.headers) {
      // A page in a browser that reached this port by DNS rebinding would send one.
      if (equals_ignoring_case(header.name, "origin"))
        return respond(admin_error(403, "not for browsers"));
    }
    bodiless_ = request.method == Method::head;
    if (const auto refused = refusal_of(path, request)) return respond(*refused);
    if (is_order(path)) {
      if (method != "POST") return respond(admin_wrong_method("POST", "this path takes POST"));
      if (path == "/purge") return begin_body(request);
      if (path == "/snapshot") return take_snapshot(target_query(request.target));
      return take_service_order(path);
    }
    if (!is_question(path)) return respond(admin_error(404, kUnknownPath));
    if (!bodiless_ && request.method != Method::get)
      return respond(admin_wrong_method("GET, HEAD", "this path takes GET and HEAD"));
    take_question(path, request);
  }

  void take_question(std::string_view path, const RequestView& request) {
    const std::string_view query = target_query(request.target);
    if (path == "/tags") return take_tags(query);
    if (path == "/explain") return take_explain(query);
    if (path == "/top") return respond(top(query));
    if (path == "/get" || path == "/list") return take_stored(path, query);
    respond(shown(path, request));
  }

  void take_stored(std::string_view path, std::string_view query) {
    if (server_.is_full()) return respond(admin_error(503, kTooMany));
    const std::string mistake =
        path == "/get" ? ask_get(query, server_.settings_, server_.sources_, server_.reply_to(id_))
                       : ask_list(query, server_.sources_, server_.reply_to(id_));
    if (!mistake.empty()) return respond(admin_error(400, mistake));
    ++server_.questions_;
  }

  void take_service_order(std::string_view path) {
    if (path == "/drain") {
      return respond(admin_answer(200, "application/json", server_.sources_.drain()));
    }
    if (server_.draining_) return respond(admin_error(409, "larderd drains: its settings stay"));
    if (server_.is_full()) return respond(admin_error(503, kTooMany));
    ++server_.questions_;
    server_.sources_.reload([reply = server_.reply_to(id_)](const ReloadTold& told) {
      reply({admin_answer(told.kept ? 422 : 200, "application/json", told.json)});
    });
  }

  /// Nothing = it is to be answered.
  std::optional<std::string> refusal_of(std::string_view path, const RequestView& request) const {
    const AdminConfig& config = server_.settings_->config.admin;
    const AdminAsker asker{.trusted = trusted_,
                           .owns = may_rule(transport_->peer_user()),
                           .shows_token = bears_token(request, config.purge_tokens),
                           .names_host = is_foreign_name(value_of_host(request))};
    switch (admin_access(path, asker, config)) {
      case AdminAccess::granted:
        return std::nullopt;
      case AdminAccess::token_wanted:
        return admin_unauthorised();
      case AdminAccess::no_token_is_set:
        return admin_error(404, "for this set admin.purge_tokens, or ask on the admin socket");
      case AdminAccess::foreign_name:
        return admin_error(403,
                           "without a token only by an address or as localhost: set "
                           "admin.purge_tokens for other names");
      case AdminAccess::owner_only:
        return admin_error(403, "this takes root, or the user as whom larderd runs");
      case AdminAccess::socket_only:
        break;
    }
    return admin_error(
        404,
        "here are only /metrics, /healthz, with a token /purge, /status, /events and /top, "
        "and with admin.page the status page; the rest is on the admin socket");
  }

  std::string top(std::string_view query) const {
    const auto asked = parse_top_query(query);
    if (!asked) {
      return admin_error(400, "top takes by=requests, misses, bytes or time, and limit=1 to 1000");
    }
    const std::string found = server_.sources_.top(asked->by, asked->limit);
    if (found.empty()) return admin_error(404, "admin.top is 0: nothing is counted");
    return admin_answer(200, "application/json", found);
  }

  std::string shown(std::string_view path, const RequestView& request) const {
    if (path == "/") return page_answer();
    if (path == "/metrics") return metrics_answer(request, server_.sources_.metrics());
    if (path == "/status") return admin_answer(200, "application/json", server_.sources_.status());
    if (path == "/events") return admin_answer(200, "application/json", server_.sources_.events());
    return server_.draining_ ? admin_answer(503, "text/plain", "draining\n")
                             : admin_answer(200, "text/plain", "ok\n");
  }

  void begin_body(const RequestView& request) {
    constexpr Bytes kMostBody = 64 * 1'024;
    state_ = State::body;
    auto outcome = body_.begin(request.headers, kMostBody);
    const auto rest = std::string_view(input_).substr(parser_.consumed());
    if (outcome == RequestBody::Outcome::more && !rest.empty()) outcome = body_.feed(rest);
    take_body(outcome);
  }

  void take_body(RequestBody::Outcome outcome) {
    switch (outcome) {
      case RequestBody::Outcome::more:
        return;
      case RequestBody::Outcome::too_large:
        state_ = State::answered;
        return respond(admin_error(413, "the body of a purge has at most 64 KiB"));
      case RequestBody::Outcome::malformed:
        state_ = State::answered;
        return respond(admin_error(400, "malformed framing of the body"));
      case RequestBody::Outcome::whole:
        state_ = State::answered;
        return take_purge(target_query(parser_.view(input_).target));
    }
  }

  void take_purge(std::string_view query) {
    const Config& config = server_.settings_->config;
    if (!query.empty() && !body_.text().empty())
      return respond(admin_error(400, "purge takes a query or a body, not both"));
    auto order =
        body_.text().empty() ? parse_purge(query, config) : parse_purge_body(body_.text(), config);
    if (const auto* mistake = std::get_if<std::string>(&order))
      return respond(admin_error(400, *mistake));
    auto& purge = std::get<PurgeOrder>(order);
    purge.source = trusted_ ? PurgeSource::operator_ : PurgeSource::http;
    if (server_.purge(id_, std::move(purge))) return;
    respond(admin_error(503, "too many purges are under way; try again when they have ended"));
  }

  void take_snapshot(std::string_view query) {
    const auto limit_ms = parse_snapshot_query(query);
    if (!limit_ms) return respond(admin_error(400, "snapshot takes limit_s=1 to 86400"));
    const auto wake = [mailbox = server_.mailbox_, id = id_] { mailbox->post(SnapshotMore{id}); };
    const auto stream = std::make_shared<SnapshotStream>(wake);
    if (Result<void> begun = server_.sources_.snapshot(stream, *limit_ms); !begun) {
      return respond(admin_error(503, begun.error().context));
    }
    snapshot_ = stream;
  }

  void take_tags(std::string_view query) {
    auto order = parse_tags_query(query, server_.settings_->config);
    if (const auto* mistake = std::get_if<std::string>(&order))
      return respond(admin_error(400, *mistake));
    if (server_.list(id_, std::move(std::get<PurgeOrder>(order)))) return;
    respond(admin_error(503, kTooMany));
  }

  void take_explain(std::string_view query) {
    auto question = parse_explain_query(query);
    if (const auto* mistake = std::get_if<std::string>(&question))
      return respond(admin_error(400, *mistake));
    if (server_.explain(id_, std::move(std::get<ExplainQuestion>(question)))) return;
    respond(admin_error(503, kTooMany));
  }

  AdminServer& server_;
  const std::uint64_t id_;
  std::unique_ptr<Transport> transport_;
  const bool trusted_;
  RequestParser parser_;
  std::string input_;
  RequestBody body_;
  State state_ = State::head;
  bool bodiless_ = false;  ///< it was a HEAD
  bool closing_ = false;
  std::shared_ptr<SnapshotStream> snapshot_;  ///< when it has asked for one
  bool sending_ = false;                      ///< a piece of it
};

AdminServer::AdminServer(uv_loop_t* loop, SettingsPtr settings, AdminSources sources,
                         std::vector<ListeningSocket> sockets)
    : settings_(std::move(settings)),
      sources_(std::move(sources)),
      read_buffer_(16 * 1024),
      mailbox_(std::make_shared<Mailbox<Done>>(loop, this)) {
  for (auto& socket : sockets) {
    auto listener = std::make_unique<Listener>();
    listener->server = this;
    const bool pipe = socket.listener().address.family == ListenAddress::Family::unix_socket;
    listener->trusted = pipe;
    if (pipe) {
      auto handle = std::make_unique<uv_pipe_t>();
      LARDER_CHECK(uv_pipe_init(loop, handle.get(), 0) == 0);
      listener->pipe.reset(handle.release());
      LARDER_CHECK(uv_pipe_open(listener->pipe.get(), socket.release()) == 0);
    } else {
      auto handle = std::make_unique<uv_tcp_t>();
      LARDER_CHECK(uv_tcp_init(loop, handle.get()) == 0);
      listener->tcp.reset(handle.release());
      LARDER_CHECK(uv_tcp_open(listener->tcp.get(), socket.release()) == 0);
    }
    listener->stream()->data = listener.get();
    LARDER_CHECK(uv_listen(listener->stream(), kBacklog, on_incoming) == 0);
    listeners_.push_back(std::move(listener));
  }
}

AdminServer::~AdminServer() = default;

void AdminServer::drain() {
  draining_ = true;
  for (auto& [id, connection] : connections_) connection->refuse_snapshot("larderd stops");
}

void AdminServer::end() {
  listeners_.clear();
  for (auto& [id, connection] : connections_) {
    if (!connection->has_asked()) connection->close();
  }
}

bool AdminServer::is_idle() const {
  return std::all_of(connections_.begin(), connections_.end(),
                     [](const auto& entry) { return entry.second->closing(); });
}

void AdminServer::close() {
  listeners_.clear();
  for (auto& [id, connection] : connections_) connection->close();
  mailbox_->close();
}

void AdminServer::on_incoming(uv_stream_t* stream, int status) noexcept {
  auto* listener = static_cast<Listener*>(stream->data);
  if (status == 0) listener->server->accept(*listener);
}

void AdminServer::accept(Listener& listener) {
  constexpr std::size_t kMaxConnections = 64;
  auto transport = accept_stream(listener.stream(), read_buffer_);
  if (!transport) return;
  // Each kind has its own bound. The oldest gives way, first of those that have asked for nothing
  // yet: idle scrapers cannot lock larderctl out, nor end what is under way.
  std::size_t alike = 0;
  auto* oldest = static_cast<AdminConnection*>(nullptr);
  for (auto& [id, connection] : connections_) {
    if (connection->trusted() != listener.trusted || connection->closing()) continue;
    ++alike;
    const auto age = [](const AdminConnection& one) {
      return std::pair(one.has_asked(), one.id());
    };
    if (oldest == nullptr || age(*connection) < age(*oldest)) oldest = connection.get();
  }
  if (alike >= kMaxConnections) oldest->close();
  const auto id = next_connection_++;
  connections_.emplace(
      id, std::make_unique<AdminConnection>(*this, id, std::move(transport), listener.trusted));
}

bool AdminServer::purge(std::uint64_t connection, PurgeOrder order) {
  if (purges_ == kMostPurges) return false;
  ++purges_;
  log(LogLevel::info, "admin",
      std::string(order.dry_run ? "count of what a purge would take: " : "purge of ") +
          subject_of(order) + ", scope " + scope_text(order) + ", by " + name_of(order.source));
  auto done = [mailbox = mailbox_, connection, order](PurgeResult result) {
    mailbox->post(PurgeDone{connection, order, std::move(result)});
  };
  sources_.purge(std::move(order), std::move(done));
  return true;
}

bool AdminServer::list(std::uint64_t connection, PurgeOrder order) {
  if (is_full()) return false;
  ++questions_;
  auto done = [mailbox = mailbox_, connection, order](UrlListing listing) {
    mailbox->post(ListDone{connection, order, std::move(listing)});
  };
  sources_.list(std::move(order), std::move(done));
  return true;
}

bool AdminServer::explain(std::uint64_t connection, ExplainQuestion question) {
  if (is_full()) return false;
  ++questions_;
  auto done = [mailbox = mailbox_, connection](Explanation explanation) {
    mailbox->post(ExplainDone{connection, std::move(explanation)});
  };
  sources_.explain(std::move(question), std::move(done));
  return true;
}

bool AdminServer::is_full() const {
  return questions_ == kMostQuestions;
}

AdminReply AdminServer::reply_to(std::uint64_t connection) const {
  return [mailbox = mailbox_, connection](AdminText answer) {
    mailbox->post(TextDone{connection, std::move(answer)});
  };
}

void AdminServer::on_mail(std::vector<Done>& mail) {
  for (Done& done : mail) {
    const auto answer = [this](auto& one) {
      const auto found = connections_.find(one.connection);
      if constexpr (std::is_same_v<decltype(one), SnapshotMore&>) {
        if (found != connections_.end()) found->second->send_more();
      } else {
        --(std::is_same_v<decltype(one), PurgeDone&> ? purges_ : questions_);
        if (found != connections_.end()) found->second->respond(answer_to(one));
      }
    };
    std::visit(answer, done);
  }
}

std::string AdminServer::answer_to(ListDone& done) const {
  UrlListing& listing = done.listing;
  if (listing.error) return admin_error(500, "not looked up: " + listing.error->context);
  const bool found = !listing.objects.empty();
  const std::string hint =
      found ? "" : purge_hint(done.order, scopes_to_name(settings_->config, listing.scopes));
  return admin_answer(found ? 200 : 404, "application/json", tags_json(done.order, listing, hint));
}

std::string AdminServer::answer_to(ExplainDone& done) {
  const Explanation& explanation = done.explanation;
  if (!explanation.error.empty()) return admin_error(500, "not looked up: " + explanation.error);
  return admin_answer(knows_nothing(explanation) ? 404 : 200, "application/json",
                      explain_json(explanation));
}

std::string AdminServer::answer_to(PurgeDone& done) const {
  return purge_answer(done.order, done.result, settings_->config);
}

}  // namespace larder
