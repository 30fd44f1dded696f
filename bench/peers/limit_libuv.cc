// SPDX-License-Identifier: Apache-2.0
#include <uv.h>

#include <array>
#include <memory>
#include <string_view>

#include "bench/peers/limit_server.h"
#include "bench/run/command.h"

namespace larder::bench {
namespace {

struct Server {
  const PrebuiltAnswers& answers;
  std::array<char, kLimitReadBuffer> buffer{};  // of all connections: reads are used up at once
};

struct Client {
  uv_tcp_t tcp{};
  uv_write_t rest{};
  Server* server = nullptr;
};

Client* client_of(void* handle) {
  return static_cast<Client*>(static_cast<uv_handle_t*>(handle)->data);
}

void on_closed(uv_handle_t* handle) {
  delete client_of(handle);
}

void close(Client* client) {
  auto* const handle = reinterpret_cast<uv_handle_t*>(&client->tcp);
  if (uv_is_closing(handle) == 0) uv_close(handle, on_closed);
}

void answer(Client* client, std::string_view request) {
  const std::string& text = client->server->answers.to(request);
  uv_buf_t whole = uv_buf_init(const_cast<char*>(text.data()), static_cast<unsigned>(text.size()));
  auto* const stream = reinterpret_cast<uv_stream_t*>(&client->tcp);
  const int taken = uv_try_write(stream, &whole, 1);
  if (taken < 0 && taken != UV_EAGAIN) return close(client);
  const auto sent = static_cast<std::size_t>(taken < 0 ? 0 : taken);
  if (sent == text.size()) return;
  uv_buf_t rest = uv_buf_init(whole.base + sent, static_cast<unsigned>(text.size() - sent));
  uv_write(&client->rest, stream, &rest, 1, [](uv_write_t*, int) {});
}

void on_allocate(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
  Server* const server = client_of(handle)->server;
  *buffer = uv_buf_init(server->buffer.data(), static_cast<unsigned>(server->buffer.size()));
}

void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
  if (count < 0) return close(client_of(stream));
  const std::string_view bytes(buffer->base, static_cast<std::size_t>(count));
  if (bytes.find("\r\n\r\n") != std::string_view::npos) {
    answer(client_of(stream), bytes);
  }
}

void on_incoming(uv_stream_t* listening, int status) {
  if (status != 0) return;
  auto* const client = new Client;
  uv_tcp_init(listening->loop, &client->tcp);
  client->tcp.data = client;
  client->server = static_cast<Server*>(listening->data);
  auto* const stream = reinterpret_cast<uv_stream_t*>(&client->tcp);
  if (uv_accept(listening, stream) != 0) return close(client);
  uv_tcp_nodelay(&client->tcp, 1);
  uv_read_start(stream, on_allocate, on_read);
}

}  // namespace

void serve_with_libuv(int listening, const PrebuiltAnswers& answers) {
  const auto server = std::make_unique<Server>(Server{answers});
  uv_loop_t loop;
  uv_tcp_t tcp;
  uv_loop_init(&loop);
  uv_tcp_init(&loop, &tcp);
  tcp.data = server.get();
  if (uv_tcp_open(&tcp, listening) != 0 ||
      uv_listen(reinterpret_cast<uv_stream_t*>(&tcp), 4'096, on_incoming) != 0) {
    throw BenchError("cannot listen");
  }
  uv_run(&loop, UV_RUN_DEFAULT);
}

}  // namespace larder::bench
