// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <uv.h>

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/sandbox/api.h"
#include "tests/sandbox/connection.h"
#include "tests/sandbox/edge.h"
#include "tests/sandbox/faults.h"
#include "tests/sandbox/recorder.h"
#include "tests/sandbox/webhooks.h"

/// The three servers of the sandbox: delivery, preview and control, on one event loop.
namespace sandbox {

struct Options {
  std::string listen = "127.0.0.1";
  int delivery_port = 0, preview_port = 0, control_port = 0;  ///< 0 = any free port
  std::size_t remembered_requests = 4'096;
  bool die_with_parent = false;
};

/// A listening socket. The handle is freed in its close callback.
class Listener {
 public:
  Listener(uv_loop_t* loop, Host host, std::string address)
      : loop_(loop), host_(host), address_(std::move(address)) {}
  ~Listener() { close(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Throws std::runtime_error. `on_connection` gets `self` as its handle's data.
  void open(int port, uv_connection_cb on_connection, void* self);
  /// From here on connections are refused. The port stays taken, so that nobody else gets it.
  void refuse();
  void resume(uv_connection_cb on_connection, void* self);
  void close();
  bool is_listening() const { return listening_; }
  Host host() const { return host_; }
  int port() const { return port_; }

 private:
  void bind(int port);
  void listen(uv_connection_cb on_connection, void* self);
  void check(int result);

  uv_loop_t* loop_;
  Host host_;
  std::string address_;
  uv_tcp_t* handle_ = nullptr;
  bool listening_ = false;
  int port_ = 0;
};

class Sandbox final : public Service {
 public:
  Sandbox(uv_loop_t* loop, const Options& options);
  ~Sandbox() override;

  int port(Host host) { return listener(host).port(); }
  /// Closes everything, so that the loop ends.
  void shut_down();

  Script on_request(const HttpRequest& request, Connection& connection) override;
  void on_hold(Connection& connection, const std::string& barrier) override;
  void on_end(Connection& connection, bool complete) override;
  void on_closed(Connection& connection) override;

  // What the control server does. In control.cc, but for the next three.
  Script control(const HttpRequest& request);
  /// How many requests went on.
  std::size_t release(const std::string& barrier, std::size_t most);
  void down(Host host, bool reset);
  void up(Host host);

 private:
  struct ListenerHandle {
    Sandbox* sandbox;
    Host host;
  };

  static void on_connection(uv_stream_t* server, int status);
  Listener& listener(Host host) { return *listeners_.at(static_cast<std::size_t>(host)); }
  Script answer(const HttpRequest& request);
  Script with_fault(const Fault& fault, const HttpRequest& request);
  ApiAnswer api_answer(const HttpRequest& request, bool identity);

  /// To be called after every change of content.
  void on_change();
  Json publish(const Json& order);
  Json unpublish(const Json& order);
  Json remove(const Json& order);
  Json event_of(const std::string& event, const Space& space, const Json& order,
                const Json& body = Json::object());
  Json edit_schema(const Json& order);
  Json assign_alias(const Json& order);
  Json set_list_order(const Json& order);
  Json set_sizes(const Json& order);
  Json held(const std::string& barrier) const;
  Json dispatch(const HttpRequest& request, const Json& order);
  Space& space_of(const Json& order);

  uv_loop_t* loop_;
  Api api_;
  Edge edge_;
  Faults faults_;
  Recorder recorder_;
  Webhooks webhooks_;
  std::vector<ListenerHandle> handles_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::map<std::string, std::vector<Connection*>> held_;  ///< barrier -> in order of arrival
};

}  // namespace sandbox
