// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/admin.h"

#include <algorithm>

#include "conf/base/check.h"
#include "conf/base/json_text.h"
#include "conf/base/log.h"
#include "conf/base/octets.h"
#include "daemon/admin/purge_hint.h"
#include "daemon/http1/answer_text.h"
#include "daemon/http1/request_parser.h"

namespace larder {
namespace {

std::string answer(int status, std::string_view type, std::string_view body,
                   std::string_view more = {}) {
  std::string out(status_line(status));
  out.append(more);
  out.append("Content-Type: ").append(type);
  out.append("\r\nContent-Length: ").append(std::to_string(body.size()));
  out.append("\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n").append(body);
  return out;
}

std::string json_error(int status, std::string_view text) {
  return answer(status, "application/json", "{\"error\":" + json_quote(text) + "}\n");
}

std::string wrong_method(std::string_view allowed, std::string_view text) {
  return answer(405, "application/json", "{\"error\":" + json_quote(text) + "}\n",
                "Allow: " + std::string(allowed) + "\r\n");
}

const char* name_of(ContentChange::What what) {
  switch (what) {
    case ContentChange::What::entry:
      return "entry ";
    case ContentChange::What::asset:
      return "asset ";
    case ContentChange::What::content_type:
      return "content type ";
    case ContentChange::What::global_field:
      return "global field ";
    case ContentChange::What::taxonomy:
      return "taxonomy ";
  }
  return "?";
}

std::string describe(const PurgeOrder& order) {
  std::string scope = "scope " + order.api_key + "/" + order.environment + "/" + order.branch;
  switch (order.what) {
    case PurgeOrder::What::all:
      return "all";
    case PurgeOrder::What::scope:
      return scope;
    case PurgeOrder::What::change: {
      std::string text;
      for (const ContentChange& change : order.changes) {
        text += name_of(change.what);
        if (!change.content_type.empty()) text += change.content_type + "/";
        text += change.uid + ", ";
      }
      return text + scope;
    }
    case PurgeOrder::What::url:
      return "url " + order.path + "?" + order.query;
  }
  return "?";
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

  void respond(std::string text) {
    if (bodiless_) text.resize(text.find("\r\n\r\n") + 4);
    std::vector<OutPiece> pieces;
    pieces.push_back({.owner = std::move(text)});
    transport_->write(std::move(pieces));
  }
  void close() {
    closing_ = true;
    transport_->close();
  }
  std::uint64_t id() const { return id_; }
  bool trusted() const { return trusted_; }
  bool closing() const { return closing_; }
  /// A whole request has come.
  bool has_asked() const { return answered_; }

 private:
  void on_bytes(std::string_view bytes) override {
    if (answered_) return;
    input_.append(bytes);
    switch (parser_.feed(input_)) {
      case RequestParser::Outcome::incomplete:
        return;
      case RequestParser::Outcome::refused:
        answered_ = true;
        return respond(json_error(parser_.refusal().status, parser_.refusal().cause));
      case RequestParser::Outcome::complete:
        break;
    }
    answered_ = true;
    take(parser_.view(input_), parser_.method_name());
  }
  /// A client that has sent its request and ends its side still reads the answer.
  void on_end(bool broken) override {
    if (broken || !answered_) return close();
    transport_->stop_reading();
  }
  void on_written(std::size_t) override { close(); }
  void on_closed() override { server_.connections_.erase(id_); }  // destroys this

  void take(const RequestView& request, std::string_view method) {
    const auto question = std::min(request.target.find('?'), request.target.size());
    const auto path = request.target.substr(0, question);
    const auto query =
        question < request.target.size() ? request.target.substr(question + 1) : std::string_view{};
    for (const auto& header : request.headers) {
      // A page in a browser that reached this port by DNS rebinding would send one.
      if (equals_ignoring_case(header.name, "origin"))
        return respond(json_error(403, "not for browsers"));
    }
    const bool head = request.method == Method::head;
    const bool get = head || request.method == Method::get;
    bodiless_ = head;
    const bool known = path == "/healthz" || path == "/metrics" || (trusted_ && path == "/status");
    if (known && !get) return respond(wrong_method("GET, HEAD", "this path takes GET and HEAD"));
    if (path == "/healthz")
      return respond(server_.draining_ ? answer(503, "text/plain", "draining\n")
                                       : answer(200, "text/plain", "ok\n"));
    if (path == "/metrics")
      return respond(answer(200, "text/plain; version=0.0.4", server_.sources_.metrics()));
    if (!trusted_)
      return respond(
          json_error(404, "here are only /metrics and /healthz; the rest is on the admin socket"));
    if (path == "/status")
      return respond(answer(200, "application/json", server_.sources_.status()));
    if (path != "/purge")
      return respond(
          json_error(404, "unknown path; known are /healthz, /metrics, /status, /purge"));
    if (method != "POST") return respond(wrong_method("POST", "purge takes POST"));
    auto order = parse_purge(query, server_.settings_->config);
    if (const auto* mistake = std::get_if<std::string>(&order))
      return respond(json_error(400, *mistake));
    server_.purge(id_, std::move(std::get<PurgeOrder>(order)));
  }

  AdminServer& server_;
  const std::uint64_t id_;
  std::unique_ptr<Transport> transport_;
  const bool trusted_;
  RequestParser parser_;
  std::string input_;
  bool answered_ = false;
  bool bodiless_ = false;  ///< it was a HEAD
  bool closing_ = false;
};

AdminServer::AdminServer(uv_loop_t* loop, SettingsPtr settings, AdminSources sources,
                         std::vector<ListeningSocket> sockets)
    : settings_(std::move(settings)),
      sources_(std::move(sources)),
      read_buffer_(16 * 1024),
      mailbox_(std::make_shared<Mailbox<PurgeDone>>(loop, this)) {
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
    LARDER_CHECK(uv_listen(listener->stream(), 16, on_incoming) == 0);
    listeners_.push_back(std::move(listener));
  }
}

AdminServer::~AdminServer() = default;

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
  // Each kind has its own bound and the oldest gives way: idle scrapers cannot lock larderctl out.
  std::size_t alike = 0;
  auto* oldest = static_cast<AdminConnection*>(nullptr);
  for (auto& [id, connection] : connections_) {
    if (connection->trusted() != listener.trusted || connection->closing()) continue;
    ++alike;
    if (oldest == nullptr || connection->id() < oldest->id()) oldest = connection.get();
  }
  if (alike >= kMaxConnections) oldest->close();
  const auto id = next_connection_++;
  connections_.emplace(
      id, std::make_unique<AdminConnection>(*this, id, std::move(transport), listener.trusted));
}

void AdminServer::purge(std::uint64_t connection, PurgeOrder order) {
  log(LogLevel::info, "admin", "purge of " + describe(order));
  auto done = [mailbox = mailbox_, connection, order](PurgeResult result) {
    mailbox->post({connection, order, std::move(result)});
  };
  sources_.purge(std::move(order), std::move(done));
}

void AdminServer::on_mail(std::vector<PurgeDone>& mail) {
  for (auto& done : mail) {
    const auto found = connections_.find(done.connection);
    if (found != connections_.end()) found->second->respond(purge_answer(done));
  }
}

/// 404 where nothing was found: the purge holds, but it is not what was meant.
std::string AdminServer::purge_answer(PurgeDone& done) const {
  PurgeResult& result = done.result;
  if (result.error) return json_error(500, "not purged: " + result.error->context);
  const std::string purged = "{\"purged\":" + std::to_string(result.objects);
  const bool found = result.objects + result.fills > 0;
  if (found || done.order.what == PurgeOrder::What::all) {
    return answer(200, "application/json", purged + "}\n");
  }
  std::vector<KnownScope> known = configured_scopes(settings_->config);
  for (ScopeLabel& label : result.scopes) {
    known.push_back(
        {std::move(label.api_key), std::move(label.environment), std::move(label.branch)});
  }
  const std::string hint = purge_hint(done.order, std::move(known));
  return answer(404, "application/json", purged + ",\"error\":" + json_quote(hint) + "}\n");
}

}  // namespace larder
