// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/server.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace sandbox {
namespace {

constexpr int kBacklog = 4'096;

Script preflight(const HttpRequest& request) {
  Script script;
  script.head = status_line(204);
  script.head.append(
      "Server: contentstack\r\n"
      "Access-Control-Allow-Origin: *\r\n"
      "Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n"
      "Access-Control-Allow-Headers: *\r\n");
  script.head.append(request.keep_alive ? "\r\n" : "Connection: close\r\n\r\n");
  script.close_after = !request.keep_alive;
  return script;
}

/// Nothing may be thrown through the event loop: a query or a rule of wrong types is a 500.
template <class Make>
Script guarded(const HttpRequest& request, Make make) {
  try {
    return make();
  } catch (const std::exception& problem) {
    Plan plan;
    plan.request = &request;
    plan.answer.status = 500;
    const Json body = error(500, 500, problem.what()).body;
    plan.answer.body = std::make_shared<const std::string>(
        body.dump(-1, ' ', false, Json::error_handler_t::replace));
    return plan.script();
  }
}

}  // namespace

void Listener::open(int port, uv_connection_cb on_connection, void* self) {
  bind(port);
  listen(on_connection, self);
}

void Listener::bind(int port) {
  sockaddr_storage address{};
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (uv_ip4_addr(address_.c_str(), port, reinterpret_cast<sockaddr_in*>(&address)) != 0 &&
      uv_ip6_addr(address_.c_str(), port, reinterpret_cast<sockaddr_in6*>(&address)) != 0) {
    throw std::runtime_error("not an IP address: " + address_);
  }
  port_ = port;
  handle_ = new uv_tcp_t;
  uv_tcp_init(loop_, handle_);
  check(uv_tcp_bind(handle_, generic, 0));
  int size = sizeof address;
  check(uv_tcp_getsockname(handle_, generic, &size));
  port_ = ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);  // at the same place in v6
}

void Listener::listen(uv_connection_cb on_connection, void* self) {
  handle_->data = self;
  check(uv_listen(reinterpret_cast<uv_stream_t*>(handle_), kBacklog, on_connection));
  listening_ = true;
}

void Listener::refuse() {
  close();
  bind(port_);
}

void Listener::resume(uv_connection_cb on_connection, void* self) {
  if (handle_ == nullptr) bind(port_);  // another program was quicker than refuse()
  listen(on_connection, self);
}

void Listener::check(int result) {
  if (result == 0) return;
  close();
  throw std::runtime_error("cannot listen on " + address_ + ":" + std::to_string(port_) + ": " +
                           uv_strerror(result));
}

void Listener::close() {
  listening_ = false;
  if (handle_ == nullptr) return;
  uv_close(reinterpret_cast<uv_handle_t*>(std::exchange(handle_, nullptr)),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_tcp_t*>(handle); });
}

Sandbox::Sandbox(uv_loop_t* loop, const Options& options)
    : loop_(loop), recorder_(options.remembered_requests), webhooks_(loop) {
  const int ports[] = {options.delivery_port, options.preview_port, options.control_port};
  const Host hosts[] = {Host::delivery, Host::preview, Host::control};
  handles_.reserve(std::size(hosts));
  for (const Host host : hosts) {
    handles_.push_back({this, host});
    listeners_.push_back(std::make_unique<Listener>(loop, host, options.listen));
    listeners_.back()->open(ports[static_cast<std::size_t>(host)], on_connection, &handles_.back());
  }
}

Sandbox::~Sandbox() = default;

void Sandbox::on_connection(uv_stream_t* server, int status) {
  auto& [self, host] = *static_cast<ListenerHandle*>(server->data);
  if (status != 0) return;
  auto connection = std::make_unique<Connection>(self->loop_, host, *self);
  Connection& borrowed = *connection;
  self->connections_.emplace(&borrowed, std::move(connection));
  self->recorder_.on_opened(host);
  if (!borrowed.accept(server)) borrowed.close();
}

void Sandbox::on_closed(Connection& connection) {
  recorder_.on_closed(connection.host());
  connections_.erase(&connection);
}

// --- Requests ------------------------------------------------------------------------------------

Script Sandbox::on_request(const HttpRequest& request, Connection&) {
  recorder_.on_request(request);
  if (request.host == Host::control) return control(request);
  return guarded(request, [&] { return answer(request); });
}

Script Sandbox::answer(const HttpRequest& request) {
  const Fault* fault = faults_.find(request);
  if (fault != nullptr) return with_fault(*fault, request);
  if (request.method == "OPTIONS") return preflight(request);
  Plan plan;
  plan.request = &request;
  plan.answer = api_answer(request, false);
  return plan.script();
}

ApiAnswer Sandbox::api_answer(const HttpRequest& request, bool identity) {
  if (request.method != "GET" && request.method != "HEAD") {
    ApiAnswer refusal;
    refusal.status = 405;
    refusal.body = std::make_shared<const std::string>(
        error(405, 405, "The method is not allowed.").body.dump());
    return refusal;
  }
  ApiRequest api = to_api_request(request);
  if (identity) api.gzip = false;
  if (api_.content().settle_sync()) on_change();
  ApiAnswer made = request.host == Host::delivery
                       ? edge_.answer(api, [&] { return api_.answer(api); })
                       : api_.answer(api);
  recorder_.on_body(request.host, made.body->size());
  return made;
}

Script Sandbox::with_fault(const Fault& fault, const HttpRequest& request) {
  std::vector<Step> waits = fault.waits();
  if (waits.empty()) return fault.apply(api_answer(request, fault.wants_identity()), request);
  Script script;
  script.steps = std::move(waits);
  Step answer_then;
  answer_then.kind = Step::Kind::replace;
  // A copy of the rule: the original may be gone when the wait ends.
  if (fault.late()) {
    answer_then.make = [this, fault, &request] {
      return guarded(request, [&] {
        return fault.apply(api_answer(request, fault.wants_identity()), request);
      });
    };
  } else {
    answer_then.make = [made = fault.apply(api_answer(request, fault.wants_identity()), request)] {
      return made;
    };
  }
  script.steps.push_back(std::move(answer_then));
  return script;
}

void Sandbox::on_hold(Connection& connection, const std::string& barrier) {
  held_[barrier].push_back(&connection);
}

void Sandbox::on_end(Connection& connection, bool complete) {
  recorder_.on_end(connection.host(), complete);
  if (complete) return;
  for (auto& [barrier, waiting] : held_) std::erase(waiting, &connection);
}

// --- Control -------------------------------------------------------------------------------------

std::size_t Sandbox::release(const std::string& barrier, std::size_t most) {
  std::vector<Connection*>& waiting = held_[barrier];
  std::size_t released = 0;
  while (!waiting.empty() && released < most) {
    Connection* const first = waiting.front();
    waiting.erase(waiting.begin());
    first->go_on();
    ++released;
  }
  return released;
}

void Sandbox::down(Host host, bool reset) {
  listener(host).refuse();
  std::vector<Connection*> open;
  for (const auto& [connection, owner] : connections_) {
    if (connection->host() == host) open.push_back(connection);
  }
  for (Connection* connection : open) connection->close(reset);
}

void Sandbox::up(Host host) {
  Listener& down = listener(host);
  if (!down.is_listening()) down.resume(on_connection, &handles_[static_cast<std::size_t>(host)]);
}

void Sandbox::shut_down() {
  for (const auto& listener : listeners_) listener->close();
  std::vector<Connection*> open;
  for (const auto& [connection, owner] : connections_) open.push_back(connection);
  for (Connection* connection : open) connection->close();
  webhooks_.shut_down();
}

}  // namespace sandbox
