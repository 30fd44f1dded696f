// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/limit_server.h"

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <memory>

#include "bench/load/socket.h"
#include "bench/run/command.h"
#include "bench/run/json.h"

namespace larder::bench {
namespace {

struct Options {
  std::size_t body_bytes = 1'024;
  std::size_t copies = 1;
  std::uint16_t port = 0;
  std::string engine = "libuv";
};

int run(const Options& options) {
  std::uint16_t port = options.port;
  const Descriptor listening = listen_on_loopback(port);
  const PrebuiltAnswers answers(options.body_bytes, options.copies);
  std::cout << Json{{"port", port}}.dump() << std::endl;
  if (options.engine == "epoll") {
    serve_with_epoll(listening.get(), answers);
  } else {
    serve_with_libuv(::dup(listening.get()), answers);
  }
  return kExitOk;
}

}  // namespace

PrebuiltAnswers::PrebuiltAnswers(std::size_t body_bytes, std::size_t copies) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                           std::to_string(body_bytes) + "\r\n\r\n";
  for (std::size_t i = 0; i < copies; ++i) all_.push_back(head + std::string(body_bytes, 'x'));
}

Action add_limit_server(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("--body-bytes", options->body_bytes, "Length of the body that every request gets")
      ->check(CLI::Range(std::size_t{0}, std::size_t{64} << 20))
      ->capture_default_str();
  app.add_option("--copies", options->copies,
                 "Prebuilt answers; with many, the processor's caches cannot hold them")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--port", options->port, "Port on 127.0.0.1; 0 = any, printed as JSON")
      ->capture_default_str();
  app.add_option("--engine", options->engine, "Event loop: libuv or epoll")
      ->check(CLI::IsMember({"libuv", "epoll"}))
      ->capture_default_str();
  app.footer(
      "One thread; reads no further than the blank line behind a request. Runs until it is ended.");
  return [options] { return run(*options); };
}

}  // namespace larder::bench
