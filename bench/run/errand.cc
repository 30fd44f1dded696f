// SPDX-License-Identifier: Apache-2.0
#include "bench/run/errand.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdlib>

namespace larder::bench {

Errand::Errand(Poll& poll, Descriptor socket, std::string_view request)
    : socket_(std::move(socket)) {
  send_all(socket_, request);
  poll.add(socket_, EPOLLIN, *this);
}

void Errand::on_ready(std::uint32_t) {
  std::array<char, 16 * 1024> buffer;
  const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got > 0) {
    text_.append(buffer.data(), static_cast<std::size_t>(got));
    return;
  }
  done_ = true;
  socket_ = Descriptor();
}

int Errand::status() const {
  const bool is_http = text_.size() >= 12 && text_.starts_with("HTTP/1.1 ");
  return is_http ? std::atoi(text_.c_str() + 9) : 0;
}

std::string post_request(std::string_view authority, std::string_view target,
                         std::string_view body) {
  std::string text = "POST ";
  text.append(target).append(" HTTP/1.1\r\nHost: ").append(authority);
  text.append("\r\nConnection: close\r\nContent-Length: ").append(std::to_string(body.size()));
  return text.append("\r\n\r\n").append(body);
}

}  // namespace larder::bench
